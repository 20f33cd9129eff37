"""Full-integer int8 models by post-training quantisation with the TensorFlow Lite converter."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError
from .extras import flush, require, silenced
from .network import keras

#: How many typical frames set the ranges of activations.
SAMPLES = 2000


def typical(features: NDArray[np.float32], samples: int = SAMPLES) -> NDArray[np.float32]:
    """Pick so many of the features [n, lags, pairs], evenly."""
    picked = np.linspace(0, len(features) - 1, min(samples, len(features))).astype(int)
    return np.asarray(features[picked])


def quantise(model: Any, features: NDArray[np.float32], *, samples: int = SAMPLES) -> bytes:
    """Convert a trained network to a .tflite file with int8 weights, activations, input and output.

    Parameters
        model : what `train` or `network.load` returned
        features : float32 [n, lags, pairs], typical inputs; they set the activations' ranges
        samples : how many of the features are used, evenly picked
    Returns
        the .tflite file's bytes
    Raises
        ModelError: the features do not fit the model
        MissingExtraError: TensorFlow is not installed
    """
    k = keras()
    shape = tuple(model.input_shape[1:])
    if features.ndim != 3 or features.shape[1:] != shape or not len(features):
        raise ModelError(
            f"representative features: got shape {features.shape}, the model takes [n, *{shape}]"
        )
    # With a fixed batch the graph has no shape arithmetic.
    fixed = k.models.clone_model(model, input_tensors=k.Input(shape, batch_size=1))
    fixed.set_weights(model.get_weights())

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for feature in typical(features, samples):
            yield [feature[None]]

    lite = require("tensorflow", "train").lite
    converter = lite.TFLiteConverter.from_keras_model(fixed)
    converter.optimizations = [lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8]
    int8 = require("tensorflow", "train").int8
    converter.inference_input_type = converter.inference_output_type = int8
    with quiet():
        return bytes(converter.convert())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the converter's notices off the screen; if it fails, they are in the error."""
    with silenced() as log, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except Exception as error:
            flush()
            log.seek(0)
            said = log.read().decode(errors="replace")[-2000:]
            raise ModelError(f"the converter failed: {error}\n{said}") from error
