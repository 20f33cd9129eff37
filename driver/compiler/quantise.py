"""From real scales to integers: one Record for each channel, with a proof that nothing overflows.

Sources, all TensorFlow Lite: kernels/internal/quantization_util.cc (QuantizeMultiplier),
kernels/kernel_util.cc (PopulateConvolutionQuantizationParams, GetQuantizedConvolutionMultipler,
CalculateActivationRangeQuantized), kernels/add.cc and reference/integer_ops/add.h. tflite-micro's
kernels compute the same parameters with the same code. LiteRT's dense kernel: see fit.
"""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...arch.memory import LEFT_MAX, Record, Rounding
from .errors import ModelError
from .fit import fit, staircase
from .graph import ALONG, Activation, Down, Layer, Linear, Quantisation, Shape
from .rounding import Multiplier, quantise_multiplier

Oracle = Literal["tflm", "litert"]
ORACLES: tuple[Oracle, ...] = ("tflm", "litert")

INT8 = (-128, 127)
_INT32_MAX = (1 << 31) - 1
#: The zero point is added to the requantised value in 32 bits: keep room for it.
_HEADROOM = 256

#: A dense layer with one weight scale is refused by the runtimes when its bias is off by more.
_BIAS_TOLERANCE = 0.02


def real_multipliers(layer: Linear) -> list[float]:
    """Compute the multiplier of each channel: products and quotients of doubles, in this order.

    Older runtimes round the product of a dense layer's one weight scale to float32; both oracles
    in the versions that are pinned do not (tests/driver/compiler/test_quantise.py tells).
    """
    source, result = layer.input.scale, layer.output.scale
    reals = [source * scale / result for scale in layer.weight_scales]
    return reals * (layer.result.channels // len(reals))


def activation_range(activation: Activation, q: Quantisation) -> tuple[int, int]:
    """Quantise the clamp of a fused activation."""
    low, high = INT8
    if activation in ("RELU", "RELU6"):
        low = max(low, q.zero_point)
    if activation == "RELU6":
        high = min(high, q.zero_point + _levels(6, q))
    if activation == "RELU_N1_TO_1":
        low, high = max(low, q.zero_point - _levels(1, q)), min(high, q.zero_point + _levels(1, q))
    return low, high


def _levels(real: float, q: Quantisation) -> int:
    """Round a positive number to steps of a scale, as the runtimes do: in float32, halves up."""
    return math.floor(float(np.float32(real) / np.float32(q.scale)) + 0.5)


def quantise(
    layer: Linear, oracle: Oracle, accumulator_bits: int, inputs: tuple[int, int] = INT8
) -> Layer:
    """Turn real scales into records.

    Parameters
        accumulator_bits : width of the accumulators that the sums must fit
        inputs : smallest and largest value that the layer's input can have
    Raises
        ModelError: a scale or sum that the accelerator cannot compute exactly
    """
    act_min, act_max = activation_range(layer.activation, layer.output)
    if act_min > act_max:
        raise ModelError(
            f"{layer.where}: its activation's range is empty in the output's scale "
            f"({act_min} to {act_max}); convert it with a representative dataset"
        )
    check_bias(layer)
    zero = layer.input.zero_point
    weights = layer.weights.astype(np.int64)
    bias = layer.bias - zero * weights.sum(axis=(1, 2))
    # Padding reads the zero point, which can lie outside the values of the layer before.
    low, high = min(inputs[0], zero), max(inputs[1], zero)
    sums = sum_limits(weights, low, high)
    levels = act_min - layer.output.zero_point + 1, act_max - layer.output.zero_point
    records = []
    for channel, real in enumerate(real_multipliers(layer)):
        where = f"{layer.where}, channel {channel}"
        offset, reach = int(bias[channel]), (int(sums[0, channel]), int(sums[1, channel]))
        multiplier, rounding = quantise_multiplier(real), Rounding.DOUBLE
        prove(where, offset, multiplier, reach, accumulator_bits)
        if layer.kind == "dense" and oracle == "litert":
            with_bias = reach[0] + offset, reach[1] + offset
            multiplier, rounding = _fitted(where, real, with_bias, levels)
        records.append(record(offset, multiplier, rounding))
    return Layer(
        name=layer.name,
        where=layer.where,
        source=layer.source,
        result=layer.result,
        weights=layer.weights,
        records=tuple(records),
        stride=layer.stride,
        pad=layer.pad,
        pad_value=zero,
        windows=1,
        step=1,
        zero_point=layer.output.zero_point,
        act_min=act_min,
        act_max=act_max,
        macs=layer.result.rows * layer.weights.size,
        down=layer.down,
        depthwise=layer.depthwise,
    )


def sum_limits(weights: npt.NDArray[np.int64], low: int, high: int) -> npt.NDArray[np.int64]:
    """Bound the sums of products for inputs from low to high: int64 [2, channels].

    A sum cut short (a word at a time enters the accumulator) stays inside: each bound is widened
    to include 0.
    """
    a, b = weights * low, weights * high
    lowest = np.minimum(np.minimum(a, b), 0).sum(axis=(1, 2))
    highest = np.maximum(np.maximum(a, b), 0).sum(axis=(1, 2))
    return np.stack([lowest, highest])


def prove(
    where: str, bias: int, multiplier: Multiplier, sums: tuple[int, int], accumulator_bits: int
) -> None:
    """Prove that nothing in a channel overflows.

    Parameters
        bias : with the input's zero point folded in
        sums : smallest and largest sum of products, before the bias
    Raises
        ModelError: what does not fit, and how wide it would have to be
    """
    limit = 1 << (accumulator_bits - 1)
    if sums[0] < -limit or sums[1] >= limit:
        needed = max(sums[1], -sums[0] - 1).bit_length() + 1
        raise ModelError(
            f"{where}: sums reach {sums[0]} to {sums[1]}, which needs {needed} bits, the "
            f"accumulators have {accumulator_bits}; use a geometry with accumulator_bits={needed}"
        )
    left = multiplier.left
    if left > LEFT_MAX:
        raise ModelError(
            f"{where}: multiplier {multiplier.value / 2**31 * 2.0**multiplier.shift:g}, allowed is "
            f"below {1 << LEFT_MAX}; convert with a representative dataset that covers the output"
        )
    low, high = (sums[0] + bias) << left, (sums[1] + bias) << left
    if low < -_INT32_MAX + _HEADROOM or high > _INT32_MAX - _HEADROOM:
        raise ModelError(
            f"{where}: accumulators with bias reach {low >> left} to {high >> left}, times "
            f"{1 << left} they do not fit 32 bits; convert with a representative dataset, or "
            "use smaller biases"
        )


def record(bias: int, multiplier: Multiplier, rounding: Rounding) -> Record:
    """Encode a channel."""
    return Record(bias, multiplier.value, rounding, multiplier.left, multiplier.right)


def _fitted(
    where: str, real: float, sums: tuple[int, int], levels: tuple[int, int]
) -> tuple[Multiplier, Rounding]:
    """Find what repeats a kernel that scales in floating point."""
    found = fit(staircase(real, *sums, *levels), real)
    if found is None:
        raise ModelError(
            f"{where}: the oracle scales by {real!r} in floating point, which no 31-bit multiplier "
            "repeats for all sums that the weights can reach; use --oracle tflm, or convert with "
            "another representative dataset"
        )
    return found


def check_bias(layer: Linear) -> None:
    """Accept what the runtimes' dense kernels accept; their convolutions check nothing."""
    if layer.bias_scale is None or layer.kind == "conv" or len(layer.weight_scales) > 1:
        return
    product = layer.input.scale * layer.weight_scales[0]
    difference = abs(product - layer.bias_scale) / layer.output.scale
    if difference > _BIAS_TOLERANCE:
        raise ModelError(
            f"{layer.where}: bias scale {layer.bias_scale:g} differs from input scale x weight "
            f"scale = {product:g} by {difference:.3g} of the output scale, allowed is "
            f"{_BIAS_TOLERANCE}; convert the model again"
        )


IDENTITY = Multiplier(1 << 30, 1)
"""Exactly 1: (x << 1) * 2^30 / 2^31."""


def identity(
    where: str,
    name: str,
    source: Shape,
    result: Shape,
    *,
    windows: int,
    step: int,
    pad: int,
    clamp: tuple[int, int],
    down: Down = ALONG,
    depthwise: bool = False,
) -> Layer:
    """Make a layer that copies its input, for a maximum of its own.

    Padding reads -128, which never wins against a value of the input.
    """
    channels = source.channels
    copies = np.ones((channels, 1), np.int8) if depthwise else np.eye(channels, dtype=np.int8)
    weights = copies[:, None, :]
    return Layer(
        name=name,
        where=where,
        source=source,
        result=result,
        weights=weights,
        records=(record(0, IDENTITY, Rounding.DOUBLE),) * channels,
        stride=1,
        pad=pad,
        pad_value=-128,
        windows=windows,
        step=step,
        zero_point=0,
        act_min=clamp[0],
        act_max=clamp[1],
        macs=0,
        down=down,
        depthwise=depthwise,
    )
