"""Descriptors that show the bits of their words, and the model of their outputs."""

import random
import re
from dataclasses import replace

import numpy as np
import pytest
from broken import Stuck, broken_link

from otus.arch.descriptor import FIELDS, WORD_BITS, WORDS, Descriptor, address_bits, used_bits
from otus.arch.geometry import NAMED, Geometry
from otus.arch.memory import Space
from otus.driver.selftest import program
from otus.driver.selftest.bench import Bench, SelftestError
from otus.driver.selftest.cover import shown_in_both
from otus.sim.board import SimLink
from otus.sim.golden_link import GoldenLink

SMALL = Geometry.parse("2x4,weight_words=64,activation_words=128,program_words=24,link_bytes=512")
GEOMETRIES = {
    **{name: NAMED[name] for name in ("default", "up5k", "hx8k", "gw1n-9")},
    "small": SMALL,
    "deep": Geometry.parse("4x4,activation_words=32768,weight_words=65536,parameter_words=64"),
    **{text: Geometry.parse(text) for text in ("1x1", "8x64", "13x13,activation_words=300")},
}

#: Where they are in word 7.
LAST_STEPS, FLAGS = range(8, 16), range(24, 28)


def places() -> dict[tuple[str, int], tuple[int, int]]:
    """Of each bit of each field, the word of the descriptor and the bit in it."""
    found, at = {}, 0
    for field in FIELDS:
        for bit in range(field.bits):
            found[field.name, bit] = divmod(at + bit, WORD_BITS)
        at += field.bits
    return found


def shown_bits(geometry: Geometry) -> set[tuple[str, int]]:
    """Fields and bits that the patterns show in both values."""
    values, shown = program.Model(geometry).flipped(program.patterns(geometry))
    names = [
        (field.name, bit)
        for name in program._SHOWN
        for field in FIELDS
        if field.name == name
        for bit in range(used_bits(field, geometry))
    ]
    both = shown_in_both(values, shown)
    return {name for name, seen in zip(names, both, strict=True) if seen}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_every_bit_that_is_claimed_is_shown_in_both_values(name: str) -> None:
    geometry = GEOMETRIES[name]
    claimed = {
        (field.name, bit)
        for field in FIELDS
        if field.name in program._SHOWN
        for bit in range(used_bits(field, geometry))
    }
    top = address_bits(geometry)
    missing = claimed - shown_bits(geometry)
    assert missing <= {("line_stride", top - 1), ("line_stride", top - 2)}


def memory_bits(geometry: Geometry) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Give words and bits of the memory that some layer reads, and those that patterns show."""
    place, shown = places(), shown_bits(geometry)
    read_at, shown_at = set(), set()
    entries = range(geometry.program_words - WORDS + 1)
    for field in FIELDS:
        for bit in range(used_bits(field, geometry) if field.name != "reserved" else 0):
            word, position = place[field.name, bit]
            words = {(entry + word, position) for entry in entries}
            read_at |= words
            if (field.name, bit) in shown:
                shown_at |= words
    return read_at, shown_at


@pytest.mark.parametrize("name", GEOMETRIES)
def test_every_bit_of_the_memory_is_shown_but_few(name: str) -> None:
    geometry = GEOMETRIES[name]
    read_at, shown_at = memory_bits(geometry)
    end = geometry.program_words
    assert {word for word, _ in read_at} == set(range(end))
    last = {(end - 3, bit) for bit in (*LAST_STEPS, *FLAGS)}
    tiles = {(3, bit) for bit in range(16 + address_bits(geometry), 32)}
    assert read_at - shown_at <= last | tiles


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("word", [0, 1, 4, 8, 9, -4, -3, -2, -1])
def test_bit_that_is_stuck_is_found(word: int, value: int) -> None:
    """In the words at both ends, which are but a few of a descriptor's."""
    word %= SMALL.program_words
    _, shown_at = memory_bits(SMALL)
    bits = sorted(bit for at, bit in shown_at if at == word)
    bit = random.Random(f"{word} {value}").choice(bits)
    link = broken_link(SMALL, Stuck(Space.PROGRAM, word, bit // 8, bit % 8, value))
    with pytest.raises(SelftestError) as caught:
        program.check_program(Bench(link, 1.0, 0.2), lambda *_: None)
    shared = re.search(r"share program word ([\d, ]+):", caught.value.cause)
    if shared:
        assert str(word) in shared[1].split(", ")
    else:
        assert re.match(r"program memory: the chain of layers in words", caught.value.what)


@pytest.mark.parametrize(("bit", "value"), [(24, 1), (25, 1), (26, 0)])
def test_flag_of_the_last_layer_that_is_stuck_is_found(bit: int, value: int) -> None:
    word = SMALL.program_words - 3
    link = broken_link(SMALL, Stuck(Space.PROGRAM, word, bit // 8, bit % 8, value))
    with pytest.raises(SelftestError, match="program memory: "):
        program.check_program(Bench(link, 1.0, 0.2), lambda *_: None)


@pytest.mark.parametrize("change", [{"more": 1}, {"windows": 3}, {"last_steps": 2}])
def test_what_shows_in_no_output_is_found_on_a_board(
    change: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of the program, not what the host expects, are changed."""
    pack = Descriptor.pack
    monkeypatch.setattr(Descriptor, "pack", lambda self: pack(replace(self, **change)))
    link = SimLink(NAMED["up5k"], "cxxrtl")
    with pytest.raises(SelftestError, match="program memory: the chain of layers") as caught:
        program.check_program(Bench(link, 1.0, 0.5), lambda *_: None)
    link.close()
    assert "steers the sequencer" in caught.value.cause


def test_outputs_are_the_golden_models() -> None:
    figures = program.check_program(Bench(GoldenLink(NAMED["hx8k"]), 1.0, 0.2), lambda *_: None)
    assert figures["words"] == 128
    assert figures["patterns"] < 40


@pytest.mark.parametrize("name", ["hx8k", "small", "8x64"])
def test_outputs_of_fields_that_are_not_chosen_are_the_golden_models(name: str) -> None:
    geometry = GEOMETRIES[name]
    bench, model = Bench(GoldenLink(geometry), 1.0, 0.2), program.Model(geometry)
    fields = {key: values[:200] for key, values in program._candidates(model).items()}
    expected, defined = model.outputs(fields)
    assert defined.all()
    model.write(bench)
    for number, value in enumerate(expected):
        each = {key: int(values[number]) for key, values in fields.items()}
        assert program._run(bench, model, range(1), [each], 1) == [value], each


@pytest.mark.parametrize("depth", [16, 17, 128, 300])
@pytest.mark.parametrize("longest", [1, 2, 5, 32])
def test_a_layer_starts_at_every_word_that_has_room(depth: int, longest: int) -> None:
    chains = program.chains(depth, longest)
    entries = sorted(entry for chain in chains for entry in chain)
    assert entries == list(range(depth - WORDS + 1))
    assert max(map(len, chains)) <= longest


def layer(**changes: int) -> dict[str, np.ndarray]:
    """Return a layer that reads word 1, with changes."""
    values = dict.fromkeys(program._SHOWN, 0) | {"reduction": 1, "lines": 1, "tiles": 1}
    values |= {"source_end": 2, "origin": 1, "act_min": -128, "act_max": 127, "word_stride": 1}
    return {name: np.array([value]) for name, value in (values | changes).items()}


def test_fields_that_are_not_defined_are_told() -> None:
    model = program.Model(NAMED["hx8k"])
    result, defined = model.outputs(layer())
    assert defined
    assert result == model.data[1] * model.weights[0] + model.biases[0]
    for changes in (
        {"act_min": 5, "act_max": 4},
        {"origin": 300, "source_end": 400},
        {"source_end": 1023, "lines": 2, "line_stride": 1},
        {"weights": 100},
        {"weights": 2047, "reduction": 2},
        {"parameters": 255, "tiles": 2},
    ):
        _, defined = model.outputs(layer(**changes))
        assert not defined, changes
