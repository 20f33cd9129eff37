"""Integer scaling against exact arithmetic, and against the golden model's."""

from fractions import Fraction

import numpy as np
import pytest

from otus.arch.memory import Rounding
from otus.driver.compiler.rounding import (
    Multiplier,
    divide_by_power,
    multiply_high,
    quantise_multiplier,
    requantise,
)
from otus.sim import golden


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.0, (0, 0)),
        (1.0, (1 << 30, 1)),
        (0.5, (1 << 30, 0)),
        (0.75, (3 << 29, 0)),
        (100.0, (100 << 24, 7)),
        (2.0**-32, (1 << 30, -31)),
        (2.0**-33, (0, 0)),
        # Rounds up to 2^31: halved, with the next shift.
        (1 - 2.0**-40, (1 << 30, 1)),
        ((1 - 2.0**-40) * 2.0**-32, (1 << 30, -31)),
    ],
)
def test_quantise_multiplier(real: float, expected: tuple[int, int]) -> None:
    assert quantise_multiplier(real) == expected


def test_divide_by_power_takes_halves_away_from_zero() -> None:
    x = np.arange(-1000, 1001)
    for exponent in range(6):
        exact = [Fraction(int(v), 1 << exponent) for v in x]
        away = [int(abs(v) + Fraction(1, 2)) * (1 if v > 0 else -1) for v in exact]
        np.testing.assert_array_equal(divide_by_power(x, exponent), away)


def test_multiply_high_rounds_halves_up() -> None:
    # gemmlowp truncates (p + nudge) / 2^31 toward zero, with nudge 2^30 or 1 - 2^30.
    rng = np.random.default_rng(0)
    a, b = rng.integers(-(1 << 31) + 1, 1 << 31, (2, 2000))
    a[:9], b[:9] = np.arange(-4, 5), 1 << 30
    products = [int(u) * int(v) for u, v in zip(a, b, strict=True)]
    nudged = [p + ((1 << 30) if p >= 0 else 1 - (1 << 30)) for p in products]
    expected = [abs(n) // (1 << 31) * (1 if n >= 0 else -1) for n in nudged]
    np.testing.assert_array_equal(multiply_high(a, b), expected)


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("shift", [-31, -20, -1, 0, 1, 7])
def test_requantise_agrees_with_the_golden_model(rounding: Rounding, shift: int) -> None:
    rng = np.random.default_rng(shift + 40)
    left = max(shift, 0)
    x = rng.integers(-(1 << (30 - left)), 1 << (30 - left), 3000)
    x[:2001] = np.arange(-1000, 1001)
    for value in (1 << 30, (1 << 31) - 1, int(rng.integers(1 << 30, 1 << 31))):
        multiplier = Multiplier(value, shift)
        one = np.ones(1, np.int64)
        expected = golden.requantise(
            x[:, None],
            one * 0,
            one * value,
            one * rounding,
            one * multiplier.left,
            one * multiplier.right,
        )
        np.testing.assert_array_equal(requantise(x, multiplier, rounding), expected[:, 0])
