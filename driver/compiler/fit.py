"""Find records that repeat a kernel which scales in floating point, and prove that they do.

LiteRT's reference dense kernel computes round(double(acc) * scale), halves away from zero, with the
scale as a double. The accelerator multiplies by 31 bits. Both are staircases that never fall: they
are the same function exactly where each output value begins at the same accumulator. So it is
enough to compare them on both sides of at most 255 steps, within what the channel's weights reach.

Source: LiteRT 2.x, tflite/kernels/internal/reference/integer_ops/fully_connected.h, the overloads
that take input_scale, output_scale and filter_scale
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...arch.memory import Rounding
from .rounding import Multiplier, quantise_multiplier, requantise

Int64Array = npt.NDArray[np.int64]

#: Distances from the nearest multiplier that are tried. Ties away from zero need one slightly
#: above, since the accelerator's single rounding takes negative halves up.
_NEAR = (0, 1, 2, -1, 3, -2, 4, 6, 8)


class Staircase(NamedTuple):
    """Where the outputs of a channel begin, within its accumulators."""

    levels: Int64Array
    """Values before the zero point is added."""
    starts: Int64Array
    """Smallest accumulator of each level, clipped to [low, high + 1]."""
    low: int
    high: int


def round_away(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round halves away from zero, as C's round does."""
    whole = np.trunc(values)
    return np.asarray(whole + np.sign(values) * (np.abs(values - whole) >= 0.5), np.float64)


def staircase(scale: float, low: int, high: int, first: int, last: int) -> Staircase:
    """Find where round(acc * scale) reaches each level.

    Parameters
        low, high : smallest and largest accumulator, bias included
        first, last : smallest and largest level that the clamp tells apart
    """
    levels = np.arange(first, last + 1, dtype=np.int64)
    guess = np.clip(np.ceil((levels - 0.5) / scale), low, high + 1).astype(np.int64)
    # The division can be off by one in its last place: look at the neighbours.
    around = guess[:, None] + np.arange(-2, 3)
    reached = round_away(around.astype(np.float64) * scale) >= levels[:, None]
    starts = np.where(reached.any(axis=1), around[:, 0] + reached.argmax(axis=1), high + 1)
    return Staircase(levels, np.clip(starts, low, high + 1), low, high)


def repeats(stairs: Staircase, multiplier: Multiplier, rounding: Rounding) -> bool:
    """Whether a multiplier and rounding give the same staircase."""
    begin = requantise(stairs.starts, multiplier, rounding) >= stairs.levels
    before = requantise(stairs.starts - 1, multiplier, rounding) < stairs.levels
    return bool(
        np.all(begin | (stairs.starts > stairs.high))
        and np.all(before | (stairs.starts <= stairs.low))
    )


def fit(stairs: Staircase, scale: float) -> tuple[Multiplier, Rounding] | None:
    """Find a multiplier and rounding that give the staircase, or None."""
    nearest = quantise_multiplier(scale)
    for distance in _NEAR:
        multiplier = Multiplier(nearest.value + distance, nearest.shift)
        if not 0 <= multiplier.value < 1 << 31:
            continue
        for rounding in (Rounding.SINGLE, Rounding.DOUBLE):
            if repeats(stairs, multiplier, rounding):
                return multiplier, rounding
    return None
