"""Layer descriptors: every encodable value comes back, every other is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otus.arch.descriptor import (
    BITS,
    FIELD,
    FIELDS,
    WORDS,
    Descriptor,
    address_bits,
    used_bits,
)
from otus.arch.errors import DescriptorError
from otus.arch.geometry import Geometry

VALUES = {field.name: max(field.low, min(field.high, 1)) for field in FIELDS} | {"reserved": 0}


@st.composite
def descriptors(draw: st.DrawFn) -> Descriptor:
    values = {field.name: draw(st.integers(field.low, field.high)) for field in FIELDS}
    values["act_min"], values["act_max"] = sorted((values["act_min"], values["act_max"]))
    return Descriptor(**{**values, "reserved": 0})


@given(descriptors())
def test_round_trip(descriptor: Descriptor) -> None:
    packed = descriptor.pack()
    assert len(packed) == 4 * WORDS == BITS // 8
    assert Descriptor.unpack(packed) == descriptor


@pytest.mark.parametrize("field", [f for f in FIELDS if f.name != "reserved"], ids=lambda f: f.name)
def test_each_field_is_limited_and_in_its_place(field) -> None:
    for value in (field.low - 1, field.high + 1):
        message = f"descriptor.{field.name}: got {value}, allowed is {field.low} to {field.high}"
        with pytest.raises(DescriptorError, match=f"^{re.escape(message)}$"):
            Descriptor(**{**VALUES, field.name: value})
    # A field changes its own bits only.
    shift = sum(other.bits for other in FIELDS[: FIELDS.index(field)])
    wide = VALUES | {"act_min": -128, "act_max": 127}
    packed = [
        int.from_bytes(Descriptor(**{**wide, field.name: value}).pack(), "little")
        for value in (field.low, field.high)
    ]
    assert packed[0] ^ packed[1] == ((1 << field.bits) - 1) << shift


def test_counts_are_never_zero() -> None:
    counted = {field.name for field in FIELDS if field.bias}
    assert counted == {"reduction", "lines", "groups", "tiles", "windows", "last_steps"}


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(
        DescriptorError, match=r"descriptor.act_min: got 5, allowed is at most act_max = 4"
    ):
        Descriptor(**{**VALUES, "act_min": 5, "act_max": 4})


def test_reserved_bits_are_refused() -> None:
    with pytest.raises(DescriptorError, match=r"descriptor.reserved: got 1, allowed is 0"):
        Descriptor(**{**VALUES, "reserved": 1})


def test_a_geometry_uses_the_bits_that_its_memories_need() -> None:
    geometry = Geometry(4, 2, 2, activation_words=500, weight_words=16384, parameter_words=264)
    assert address_bits(geometry) == 10
    bits = {field.name: used_bits(field, geometry) for field in FIELDS}
    assert (bits["source"], bits["origin"], bits["reduction"], bits["groups"]) == (10, 10, 10, 10)
    assert (bits["weights"], bits["parameters"], bits["tiles"], bits["last_steps"]) == (14, 9, 9, 1)
    assert (bits["pad"], bits["windows"], bits["last"]) == (8, 8, 1)
    assert address_bits(Geometry(1, 1, activation_words=1 << 15)) == 16
    widest = Geometry(1, 1, activation_words=1 << 15, weight_words=1 << 16, parameter_words=1 << 15)
    assert used_bits(FIELD["weights"], widest) == 16
