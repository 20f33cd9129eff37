"""Patterns that show every bit in both values."""

import numpy as np

from otus.driver.selftest.cover import cover, shown_in_both


def test_every_bit_that_can_be_shown_is() -> None:
    rng = np.random.default_rng(0)
    bits = rng.random((200, 30)) < 0.5
    shown = rng.random((200, 30)) < 0.1
    shown[:, 7] = False  # no candidate shows this one
    chosen = cover(bits, shown)
    assert len(chosen) == len(set(chosen)) < 40
    covered = shown_in_both(bits[chosen], shown[chosen])
    assert covered.tolist() == [bit != 7 for bit in range(30)]


def test_shown_more_than_once() -> None:
    rng = np.random.default_rng(1)
    bits = rng.random((300, 20)) < 0.5
    shown = rng.random((300, 20)) < 0.2
    chosen = cover(bits, shown, times=3)
    assert len(chosen) == len(set(chosen))
    assert (shown & bits)[chosen].sum(axis=0).min() >= 3
    assert (shown & ~bits)[chosen].sum(axis=0).min() >= 3


def test_shown_in_one_value_only() -> None:
    bits = np.array([[True], [True]])
    assert not shown_in_both(bits, np.array([[True], [True]])).any()
