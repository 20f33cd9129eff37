"""Descriptors that show the bits of their words, and the model of their outputs."""

import numpy as np
import pytest

from otus.arch.geometry import NAMED
from otus.driver.selftest import program
from otus.driver.selftest.bench import Bench
from otus.driver.selftest.cover import shown_in_both
from otus.sim.golden_link import GoldenLink


@pytest.mark.parametrize("bits", [3, 9, 10, 13, 16])
def test_every_bit_of_words_0_and_6_and_the_origin_is_shown_in_both_values(bits: int) -> None:
    values, shown = program._flipped(program.patterns(bits), bits)
    assert values.shape[1] == 3 * bits + 8 * 4
    assert shown_in_both(values, shown).all()


def test_outputs_are_the_golden_models() -> None:
    """Random fields as well as the chosen ones; check_program compares these with the device."""
    figures = program.check_program(Bench(GoldenLink(NAMED["hx8k"]), 1.0, 0.2), lambda *_: None)
    assert figures["words"] == 128
    assert figures["patterns"] < 80


@pytest.mark.parametrize("depth", [16, 17, 128, 300])
@pytest.mark.parametrize("longest", [1, 2, 5, 32])
def test_a_layer_starts_at_every_word(depth: int, longest: int) -> None:
    """So every word but the last is word 0 or word 6 of some layer."""
    chains = program.chains(depth, longest)
    entries = sorted(entry for chain in chains for entry in chain)
    assert entries == list(range(depth - 7))
    assert max(map(len, chains)) <= longest
    assert {*entries, *(entry + 6 for entry in entries)} == set(range(depth - 1))


def test_fields_that_are_not_defined_are_told() -> None:
    fields = {
        "source": np.array([0, 0, 0]),
        "source_end": np.array([2, 9, 2]),
        "origin": np.array([1, 5, 0]),
        "pad": np.array([3, 3, 3]),
        "zero_point": np.array([1, 0, 0]),
        "act_min": np.array([-128, -128, 5]),
        "act_max": np.array([127, 127, 4]),
    }
    results, defined = program.outputs(fields)
    assert results[0] == -42
    assert defined.tolist() == [True, False, False]
