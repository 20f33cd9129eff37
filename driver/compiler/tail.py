"""Softmax and logistic on the host, in int8, bit for bit as the oracles compute them.

Both work on few distinct values: softmax on differences of 0 to -255, logistic on 256 inputs. So
the costly function is computed once for each of these, and looked up.

Sources: gemmlowp, fixedpoint/fixedpoint.h (exp_on_negative_values, logistic,
one_over_one_plus_x_for_x_in_0_1); TensorFlow Lite, kernels/internal/reference/softmax.h,
reference/integer_ops/logistic.h, quantization_util.cc (PreprocessSoftmaxScaling,
CalculateInputRadius) and, for `litert`, kernels/internal/common.h (LUTPopulate).
"""

import math

import numpy as np
import numpy.typing as npt

from .errors import ModelError
from .graph import Int8Array, Tail
from .quantise import Oracle
from .rounding import divide_by_power, multiply_high, quantise_multiplier

Int64Array = npt.NDArray[np.int64]

_ONE = (1 << 31) - 1
_SOFTMAX_INTEGER_BITS = 5
_LOGISTIC_INTEGER_BITS = 4
#: Bits before the point of the sum of exponentials: more values could overflow it.
_SUM_INTEGER_BITS = 12

#: exp(-2^i) in Q0.31, i from -2 up.
_EXPONENTIALS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)

#: Distance from a float32 rounding tie, in units in the last place, that the C library's expf may
#: round either way (its stated error is below 0.502).
_EXPF_DOUBT = 0.003


def check(tail: Tail, oracle: Oracle) -> None:
    """Refuse a tail that the runtimes do not compute, or not defined well.

    Raises
        ModelError: too many values, or a scale out of range
    """
    if tail.kind == "SOFTMAX" and tail.depth >= 1 << _SUM_INTEGER_BITS:
        raise ModelError(
            f"{tail.where}: softmax over {tail.depth} values, allowed is up to "
            f"{(1 << _SUM_INTEGER_BITS) - 1} (the runtimes' sum overflows); apply it on the host"
        )
    if _rescaled(tail) <= 1:
        raise ModelError(
            f"{tail.where}: input scale {tail.input.scale:g} with beta {tail.beta:g} is too small "
            f"for the runtimes, allowed is above {2.0 ** -_fraction(tail) / tail.beta:g}; convert "
            "with a representative dataset"
        )
    if tail.kind == "LOGISTIC":
        logistic_table(tail, oracle)


def finish(tail: Tail, logits: Int8Array, oracle: Oracle) -> Int8Array:
    """Compute the model's output from its logits.

    Parameters
        logits : int8 [n, ...]
    Returns
        int8, the same shape
    """
    if tail.kind == "LOGISTIC":
        return logistic_table(tail, oracle)[logits.astype(np.int64) + 128]
    return _softmax(tail, logits)


def _fraction(tail: Tail) -> int:
    """Bits after the point of the scaled input."""
    return 31 - (_SOFTMAX_INTEGER_BITS if tail.kind == "SOFTMAX" else _LOGISTIC_INTEGER_BITS)


def _rescaled(tail: Tail) -> float:
    """Multiplier that takes an int8 difference to fixed point."""
    return tail.beta * tail.input.scale * (1 << _fraction(tail))


def _radius(tail: Tail, left: int) -> int:
    """CalculateInputRadius: the largest input that does not saturate."""
    largest = (1 << 31) - (1 << _fraction(tail))
    return math.floor(largest / (1 << left))


def _softmax(tail: Tail, logits: Int8Array) -> Int8Array:
    exponentials, least = _exponential_table(tail)
    values = logits.reshape(-1, tail.depth).astype(np.int64)
    difference = values.max(axis=1, keepdims=True) - values
    raw = exponentials[difference]
    total = divide_by_power(raw, _SUM_INTEGER_BITS).sum(axis=1, keepdims=True)
    # Normalise the sum to [1, 2) in Q0.31: frexp gives its bits.
    bits = np.frexp(total.astype(np.float64))[1].astype(np.int64)
    headroom = 32 - bits
    scale = _reciprocal((total << headroom) - (1 << 31))
    exponent = _SUM_INTEGER_BITS - headroom + 31 - 8
    out = np.clip(divide_by_power(multiply_high(scale, raw), exponent) - 128, -128, 127)
    return np.where(difference > least, -128, out).astype(np.int8).reshape(logits.shape)


def _exponential_table(tail: Tail) -> tuple[Int64Array, int]:
    """Compute exp(-difference) in Q0.31 for 0 to 255, and the largest difference that counts."""
    multiplier, left = quantise_multiplier(min(_rescaled(tail), float(_ONE)))
    radius = _radius(tail, left)
    difference = np.arange(256, dtype=np.int64)
    counted = np.minimum(difference, radius)
    scaled = multiply_high(-counted << left, multiplier)
    table = _exp_on_negative_values(scaled, _SOFTMAX_INTEGER_BITS)
    return np.where(difference > radius, 0, table), radius


def logistic_table(tail: Tail, oracle: Oracle) -> Int8Array:
    """Compute the logistic of each int8, -128 first.

    Raises
        ModelError: a value so near a tie that the runtime's C library decides it
    """
    inputs = np.arange(-128, 128, dtype=np.int64) - tail.input.zero_point
    if oracle == "litert":
        return _logistic_float(tail, inputs)
    multiplier, left = quantise_multiplier(_rescaled(tail))
    radius = _radius(tail, left)
    inside = np.clip(inputs, -radius, radius)
    scaled = multiply_high(inside << left, multiplier)
    positive = _reciprocal(_exp_on_negative_values(-np.abs(scaled), _LOGISTIC_INTEGER_BITS))
    value = np.where(scaled > 0, positive, np.where(scaled == 0, 1 << 30, _ONE - positive))
    out = np.clip(divide_by_power(value, 31 - 8) - 128, -128, 127)
    # In the kernel's order: a radius of 0 takes 0 to -128.
    out = np.where(inputs <= -radius, -128, np.where(inputs >= radius, 127, out))
    return np.asarray(out, np.int8)


def _logistic_float(tail: Tail, inputs: Int64Array) -> Int8Array:
    """Compute the table of the float32 kernel: round(256 / (1 + exp(-x))) - 128."""
    x = np.float32(tail.input.scale) * inputs.astype(np.float32)
    with np.errstate(over="ignore"):
        exact = np.exp(-x.astype(np.float64))
        nearest = exact.astype(np.float32)
    # Where expf could round to a neighbour, both have to give the same int8.
    step = np.spacing(nearest).astype(np.float64)
    with np.errstate(invalid="ignore"):
        doubt = (exact - nearest.astype(np.float64)) / step
    neighbour = np.nextafter(nearest, np.where(doubt > 0, np.inf, -np.inf).astype(np.float32))
    first, second = _round_sigmoid(nearest), _round_sigmoid(neighbour)
    unsure = (np.abs(np.abs(doubt) - 0.5) < _EXPF_DOUBT) & (first != second)
    if unsure.any():
        raise ModelError(
            f"{tail.where}: the logistic of {int(np.argmax(unsure)) - 128} is a tie that the "
            "oracle's C library decides; use --oracle tflm, or convert with other data"
        )
    return first


def _round_sigmoid(exponential: npt.NDArray[np.float32]) -> Int8Array:
    one = np.float32(1)
    scaled = ((one / (one + exponential)) * np.float32(256)).astype(np.float64)
    return np.asarray(np.clip(np.floor(scaled + 0.5) - 128, -128, 127), np.int8)


# gemmlowp's fixed point, on raw values


def _shift_saturating(x: Int64Array, exponent: int) -> Int64Array:
    """SaturatingRoundingMultiplyByPOT for a positive exponent."""
    return np.asarray(np.clip(x << exponent, -(1 << 31), _ONE), np.int64)


def _exp_on_negative_values(a: Int64Array, integer_bits: int) -> Int64Array:
    """exp(a) in Q0.31 for a <= 0 in Q(integer_bits)."""
    fraction = 31 - integer_bits
    quarter = 1 << (fraction - 2)
    modulo = (a & (quarter - 1)) - quarter
    result = _exp_near_zero(_shift_saturating(modulo, integer_bits))
    remainder = modulo - a
    for i, factor in enumerate(_EXPONENTIALS[: integer_bits + 2]):
        bit = 1 << (fraction + i - 2)
        result = np.where(remainder & bit, multiply_high(result, factor), result)
    return np.where(a == 0, _ONE, result)


def _exp_near_zero(a: Int64Array) -> Int64Array:
    """exp(a) for a in [-1/4, 0) in Q0.31: a Taylor series around -1/8."""
    constant, third = 1895147668, 715827883
    x = a + (1 << 28)
    x2 = multiply_high(x, x)
    x3, x4 = multiply_high(x2, x), multiply_high(x2, x2)
    series = multiply_high(divide_by_power(x4, 2) + x3, third) + x2
    return constant + multiply_high(x + divide_by_power(series, 1), constant)


def _reciprocal(a: Int64Array) -> Int64Array:
    """1 / (1 + a) in Q0.31 for a in [0, 1): three steps of Newton and Raphson in Q2.29."""
    half = (a + _ONE + 1) >> 1
    x = 1515870810 + multiply_high(half, -1010580540)
    for _ in range(3):
        rest = (1 << 29) - multiply_high(half, x)
        x = x + _shift_saturating(multiply_high(x, rest), 2)
    return _shift_saturating(x, 1)
