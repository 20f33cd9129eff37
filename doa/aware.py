"""Quantisation-aware training: a network that computes as its int8 file will, and learns with it.

Weights and activations are rounded to 8 bits on the way forward, as the TensorFlow Lite converter
rounds them: weights symmetrically with a scale for each filter, activations between the least and
the greatest value that typical frames gave. On the way back rounding counts as the identity.

Source: Jacob et al. 2018, "Quantization and training of neural networks for efficient
integer-arithmetic-only inference", section 3
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError
from .extras import require
from .network import keras
from .quantise import typical

#: Least width of a range, so that a layer whose values are all 0 has a scale.
LEAST = 1e-6


class Twin:
    """A network beside another one, with its weights, that computes as its int8 file will.

    Parameters
        model : what `network.network` built, trained
        features : float32 [n, lags, pairs], typical inputs; they set the activations' ranges,
            which stay as they are
    Raises
        ModelError: the network has a layer of another kind
        MissingExtraError: TensorFlow is not installed
    """

    def __init__(self, model: Any, features: NDArray[np.float32]) -> None:
        k = keras()
        kinds = {k.layers.Conv1D: _convolution(), k.layers.Dense: _dense()}
        same = (k.layers.Dropout, k.layers.MaxPooling1D, k.layers.Flatten)
        self.model = model
        values = np.asarray(typical(features))
        layers = [k.Input(tuple(model.input_shape[1:])), k.layers.Lambda(_rounding(values))]
        for layer in model.layers:
            if type(layer) not in (*kinds, *same):
                raise ModelError(
                    f"quantisation-aware training: layer {layer.name} is a {type(layer).__name__}; "
                    f"allowed are {', '.join(kind.__name__ for kind in (*kinds, *same))}"
                )
            copy = kinds.get(type(layer), type(layer)).from_config(layer.get_config())
            layers.append(copy)
            if type(layer) in kinds:
                plain = type(layer).from_config({**layer.get_config(), "activation": "linear"})
                plain.build(values.shape)
                plain.set_weights(layer.get_weights())
                sums = np.asarray(plain(values))
                # A softmax takes what is rounded, other activations are part of the layer.
                softmax = layer.activation is k.activations.softmax
                copy.rounding = _rounding(sums if softmax else np.asarray(layer.activation(sums)))
            values = np.asarray(layer(values, training=False))
        #: Learns as any Keras model does.
        self.network = k.Sequential(layers)
        for mine, theirs in self._pairs():
            mine.set_weights(theirs.get_weights())

    def finish(self) -> None:
        """Give the other network what this one has learned."""
        for mine, theirs in self._pairs():
            theirs.set_weights(mine.get_weights())

    def _pairs(self) -> list[tuple[Any, Any]]:
        mine, theirs = (
            [layer for layer in network.layers if layer.weights]
            for network in (self.network, self.model)
        )
        return list(zip(mine, theirs, strict=True))


def _rounding(values: NDArray[Any]) -> Any:
    """Make a function that rounds to 8 bits between the extremes of these values, and 0."""
    fake = require("tensorflow", "train").quantization.fake_quant_with_min_max_args
    low, high = min(0.0, float(values.min())), max(LEAST, float(values.max()))
    return lambda x: fake(x, min=low, max=high)


def _rounded(kernel: Any) -> Any:
    """Round weights [..., filters] to -127..127 steps of a scale for each filter."""
    k = keras()
    most = k.ops.max(k.ops.abs(kernel), axis=tuple(range(len(kernel.shape) - 1)))
    most = k.ops.maximum(most, LEAST)
    quantization = require("tensorflow", "train").quantization
    return quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, -most, most, narrow_range=True
    )


def _convolution() -> Any:
    """Make the class of convolutions that round; Keras is imported late."""
    k = keras()
    base: Any = k.layers.Conv1D

    class Convolution(base):
        """A convolution along the lags that rounds its weights and outputs."""

        rounding: Any

        def call(self, inputs: Any) -> Any:
            """Convolve with rounded weights."""
            sums = k.ops.conv(
                inputs,
                _rounded(self.kernel),
                strides=list(self.strides),
                padding=self.padding,
                dilation_rate=self.dilation_rate,
            )
            return self.rounding(self.activation(sums + self.bias))

    return Convolution


def _dense() -> Any:
    """Make the class of dense layers that round; Keras is imported late."""
    k = keras()
    base: Any = k.layers.Dense

    class Dense(base):
        """A dense layer that rounds its weights, and its outputs or what softmax takes."""

        rounding: Any

        def call(self, inputs: Any) -> Any:
            """Multiply with rounded weights."""
            sums = k.ops.matmul(inputs, _rounded(self.kernel)) + self.bias
            if self.activation is k.activations.softmax:
                return self.activation(self.rounding(sums))
            return self.rounding(self.activation(sums))

    return Dense
