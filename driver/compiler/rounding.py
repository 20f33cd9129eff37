"""Integer scaling as the runtimes and the accelerator do it, on arrays.

Sources: TensorFlow Lite, kernels/internal/quantization_util.cc (QuantizeMultiplier) and
kernels/internal/common.h (MultiplyByQuantizedMultiplier); gemmlowp, fixedpoint/fixedpoint.h
(SaturatingRoundingDoublingHighMul, RoundingDivideByPOT).
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...arch.memory import Rounding

Int64Array = npt.NDArray[np.int64]


class Multiplier(NamedTuple):
    """value * 2^shift / 2^31, as QuantizeMultiplier makes it."""

    value: int
    shift: int

    @property
    def left(self) -> int:
        """Bits to the left before the product."""
        return max(self.shift, 0)

    @property
    def right(self) -> int:
        """Bits to the right after the product."""
        return max(-self.shift, 0)


def quantise_multiplier(real: float) -> Multiplier:
    """Split a real multiplier into a Q31 significand and a power of two."""
    if real == 0:
        return Multiplier(0, 0)
    significand, shift = math.frexp(real)
    # std::round: halves away from zero, unlike Python's round.
    value = math.floor(significand * (1 << 31) + 0.5)
    if value == 1 << 31:
        value //= 2
        shift += 1
    return Multiplier(0, 0) if shift < -31 else Multiplier(value, shift)


def multiply_high(a: Int64Array, b: Int64Array | int) -> Int64Array:
    """SaturatingRoundingDoublingHighMul, for operands that do not saturate it."""
    return (a * b + (1 << 30)) >> 31


def divide_by_power(x: Int64Array, exponent: int | Int64Array) -> Int64Array:
    """RoundingDivideByPOT: halves away from zero."""
    mask = (np.int64(1) << exponent) - 1
    up = (x & mask) > ((mask >> 1) + (x < 0))
    return np.asarray((x >> exponent) + up, np.int64)


def quantise_real(
    values: npt.NDArray[np.floating], scale: float, zero_point: int, dtype: npt.DTypeLike
) -> npt.NDArray[Any]:
    """Quantise as the QUANTIZE operator does: in float32, ties away from zero.

    Parameters
        values : finite, any shape
        dtype : integers; what they cannot hold is saturated
    Source: TensorFlow Lite, kernels/internal/reference/quantize.h
    """
    with np.errstate(over="ignore"):
        scaled = np.asarray(values, np.float32) / np.float32(scale)
    whole = np.trunc(scaled)
    # Adding 0.5 would round twice: 0.49999997 + 0.5 is 1 in float32.
    away = np.where(np.abs(scaled - whole) >= 0.5, np.sign(scaled), 0)
    limits = np.iinfo(dtype)
    return np.asarray(np.clip(whole + away + zero_point, limits.min, limits.max), dtype)


def requantise(x: Int64Array, multiplier: Multiplier, rounding: Rounding) -> Int64Array:
    """Scale accumulators as arch.memory.Record says."""
    shifted = x << multiplier.left
    if rounding is Rounding.SINGLE:
        product = shifted * multiplier.value
        return (product + (1 << (30 + multiplier.right))) >> (31 + multiplier.right)
    return divide_by_power(multiply_high(shifted, multiplier.value), multiplier.right)
