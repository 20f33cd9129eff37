"""Memory spaces and the record of a channel: every encoding means one record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otus.arch import memory
from otus.arch.errors import ContractError
from otus.arch.geometry import Geometry
from otus.arch.memory import LEFT_MAX, RECORD_BYTES, RIGHT_MAX, Record, Rounding, Space


@given(st.binary(min_size=RECORD_BYTES, max_size=RECORD_BYTES))
def test_every_encoding_is_a_record(data: bytes) -> None:
    assert Record.unpack(data).pack() == data


@given(
    st.integers(-(1 << 31), (1 << 31) - 1),
    st.integers(0, (1 << 31) - 1),
    st.sampled_from(Rounding),
    st.integers(0, LEFT_MAX),
    st.integers(0, RIGHT_MAX),
)
def test_every_record_has_an_encoding(
    bias: int, multiplier: int, rounding: Rounding, left: int, right: int
) -> None:
    record = Record(bias, multiplier, rounding, left, right)
    assert Record.unpack(record.pack()) == record


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("bias", 1 << 31, "-2147483648 to 2147483647"),
        ("multiplier", -1, "0 to 2147483647"),
        ("multiplier", 1 << 31, "0 to 2147483647"),
        ("left", 8, "0 to 7"),
        ("right", 32, "0 to 31"),
    ],
)
def test_refusals(name: str, value: int, allowed: str) -> None:
    record = Record(0, 1 << 30, Rounding.DOUBLE, 0, 0)._replace(**{name: value})
    with pytest.raises(ContractError, match=f"^record.{name}: got {value}, allowed is {allowed}$"):
        record.pack()


def test_words_and_depths_follow_the_geometry() -> None:
    geometry = Geometry(
        6,
        4,
        requantise_lanes=2,
        weight_words=10,
        activation_words=20,
        parameter_words=30,
        program_words=40,
    )
    assert [memory.word_bytes(space, geometry) for space in Space] == [6, 24, 18, 4]
    assert [memory.depth(space, geometry) for space in Space] == [20, 10, 30, 40]
