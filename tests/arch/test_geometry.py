"""The geometry: every refusal by its text, named and parsed geometries, packing."""

import re
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otus.arch.errors import GeometryError
from otus.arch.geometry import NAMED, Geometry


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": 0}, "rows: got 0, allowed is an integer from 1 to 32"),
        ({"rows": 33}, "rows: got 33, allowed is an integer from 1 to 32"),
        ({"rows": 8.0}, "rows: got 8.0, allowed is an integer from 1 to 32"),
        ({"columns": 65}, "columns: got 65, allowed is an integer from 1 to 64"),
        ({"positions": 3}, "positions: got 3, allowed is one of [1, 2]"),
        ({"requantise_lanes": 17}, "requantise_lanes: got 17, allowed is an integer from 1 to 16"),
        ({"requantise_bits": 5}, "requantise_bits: got 5, allowed is one of [4, 8, 16, 32]"),
        ({"accumulator_bits": 19}, "accumulator_bits: got 19, allowed is an integer from 20 to 32"),
        ({"weight_words": 65537}, "weight_words: got 65537, allowed is an integer from 2 to 65536"),
        ({"activation_words": 3}, "activation_words: got 3, allowed is an integer from 4 to 32768"),
        ({"parameter_words": 1}, "parameter_words: got 1, allowed is an integer from 2 to 32768"),
        ({"program_words": 15}, "program_words: got 15, allowed is an integer from 16 to 32768"),
        (
            {"link_bytes": 1000},
            "link_bytes: got 1000, allowed is one of [512, 1024, 2048, 4096, 8192, 16384]",
        ),
        (
            {"columns": 6, "requantise_lanes": 4},
            "requantise_lanes: 4 does not divide columns = 6; for 8x6 choose one of [1, 2]",
        ),
        (
            {"rows": 6, "requantise_lanes": 4},
            "requantise_lanes: 4 does not divide rows = 6; for 6x8 choose one of [1, 2]",
        ),
        (
            {"rows": 32, "columns": 64},
            "link_bytes: 2048 cannot hold two requests with a weight word of 32 x 64 bytes; choose "
            "at least 4128, rounded up to a power of two",
        ),
    ],
)
def test_refusals(changes: dict[str, int], message: str) -> None:
    with pytest.raises(GeometryError, match=f"^{re.escape(message)}$"):
        Geometry(**{**asdict(Geometry(8, 8)), **changes})


def test_derived_values() -> None:
    geometry = Geometry(8, 16, positions=2, requantise_lanes=4, requantise_bits=8)
    assert geometry.macs_per_cycle == 256
    assert geometry.column_groups == 4
    assert geometry.row_groups == 2
    assert geometry.requantise_interval == 4
    assert geometry.name == "8x16x2"
    assert Geometry(3, 5).name == "3x5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("default", NAMED["default"]),
        ("default,columns=4", Geometry(8, 4, requantise_lanes=2)),
    ],
)
def test_parse_names(text: str, expected: Geometry) -> None:
    assert Geometry.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["1x1", "2x2", "4x4", "3x5", "8x8", "8x16", "16x16", "4x2x2", "32x64"]
)
def test_parse_sizes(text: str) -> None:
    geometry = Geometry.parse(text)
    assert geometry.name == text
    # Room for the shipped networks together: some 89,000 weights.
    held = geometry.weight_words * geometry.rows * geometry.columns
    assert held >= (131_072 if geometry.rows > 1 else 65_536)


def test_parse_options() -> None:
    geometry = Geometry.parse("16x16,requantise_lanes=1,weight_words=1024")
    assert (geometry.requantise_lanes, geometry.weight_words) == (1, 1024)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("huge", "geometry: got 'huge', expected ROWSxCOLUMNS, ROWSxCOLUMNSxPOSITIONS or one of "),
        ("8x", "geometry: got '8x', expected"),
        ("", "geometry: got '', expected"),
        ("8x8,lanes=2", "geometry option: got 'lanes=2', expected NAME=NUMBER with NAME one of "),
        ("8x8,weight_words=-1", "geometry option: got 'weight_words=-1', expected NAME=NUMBER"),
        ("8x8,weight_words", "geometry option: got 'weight_words', expected NAME=NUMBER"),
        ("8x8x3", "positions: got 3, allowed is one of [1, 2]"),
        ("99x99", "rows: got 99, allowed is an integer from 1 to 32"),
    ],
)
def test_parse_refusals(text: str, message: str) -> None:
    with pytest.raises(GeometryError, match=f"^{re.escape(message)}"):
        Geometry.parse(text)


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    lanes = draw(st.sampled_from((1, 2, 3, 4)))
    return Geometry(
        rows=lanes * draw(st.integers(1, 4)),
        columns=lanes * draw(st.integers(1, 4)),
        positions=draw(st.sampled_from((1, 2))),
        requantise_lanes=lanes,
        requantise_bits=draw(st.sampled_from((4, 8, 16, 32))),
        accumulator_bits=draw(st.integers(20, 32)),
        weight_words=draw(st.integers(2, 1 << 16)),
        activation_words=draw(st.integers(4, 1 << 15)),
        parameter_words=draw(st.integers(2, 1 << 15)),
        program_words=draw(st.integers(16, 1 << 15)),
        link_bytes=draw(st.sampled_from((1024, 2048, 16384))),
    )


@given(geometries())
def test_pack_round_trip(geometry: Geometry) -> None:
    assert Geometry.unpack(geometry.pack()) == geometry


def test_unpack_refuses_other_sizes() -> None:
    packed = NAMED["default"].pack()
    with pytest.raises(
        GeometryError, match=rf"packed geometry: got {len(packed) - 1} bytes, expected"
    ):
        Geometry.unpack(packed[:-1])
