"""A kernel that scales in floating point, repeated with 31 bits: proven, or None."""

import numpy as np
import pytest

from otus.arch.memory import Rounding
from otus.driver.compiler.fit import fit, repeats, round_away, staircase
from otus.driver.compiler.rounding import Multiplier, quantise_multiplier, requantise


def test_round_away() -> None:
    values = np.array([-2.5, -1.5, -0.5, -0.4999, 0.0, 0.4999, 0.5, 1.5, 2.5, 0.49999999999999994])
    expected = [-3, -2, -1, 0, 0, 0, 1, 2, 3, 0]
    np.testing.assert_array_equal(round_away(values), expected)


@pytest.mark.parametrize("scale", [0.25, 1 / 6, 0.3, 1.0, 7.3, 2.0**-9, 0.00123, 1 / 3])
def test_a_fit_agrees_on_every_accumulator(scale: float) -> None:
    x = np.arange(-40_000, 40_001)
    stairs = staircase(scale, int(x[0]), int(x[-1]), -127, 127)
    found = fit(stairs, scale)
    assert found is not None
    expected = np.clip(round_away(x * scale), -128, 127)
    np.testing.assert_array_equal(np.clip(requantise(x, *found), -128, 127), expected)


def test_the_steps_are_where_the_values_change() -> None:
    x = np.arange(-500, 501)
    stairs = staircase(0.37, -500, 500, -127, 127)
    rounded = round_away(x * 0.37)
    for level, start in zip(stairs.levels, stairs.starts, strict=True):
        assert start == x[np.argmax(rounded >= level)]


def test_steps_outside_the_reach_do_not_matter() -> None:
    # One accumulator step above the reach, a wrong multiplier is not seen; within it, it is.
    wrong = quantise_multiplier(0.2001)
    assert repeats(staircase(0.2, 0, 10, -127, 127), wrong, Rounding.SINGLE)
    assert not repeats(staircase(0.2, 0, 30_000, -127, 20_000), wrong, Rounding.SINGLE)


def test_negative_halves_need_the_multiplier_above() -> None:
    stairs = staircase(0.125, -1000, 1000, -120, 120)
    assert not repeats(stairs, Multiplier(1 << 30, -2), Rounding.SINGLE)
    assert fit(stairs, 0.125) == (Multiplier((1 << 30) + 1, -2), Rounding.SINGLE)


def test_what_cannot_be_repeated_is_none() -> None:
    # Levels in the millions tell 31 bits from 53.
    assert fit(staircase(0.1234567, 0, 1 << 30, 80_000_000, 80_100_000), 0.1234567) is None
