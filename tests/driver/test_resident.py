"""What a device holds: what is there is not sent again, and nothing else is taken for there."""

import pytest

from otus.arch.geometry import Geometry
from otus.arch.memory import Space, depth, word_bytes
from otus.driver.errors import DeviceError
from otus.driver.resident import Resident

GEOMETRY = Geometry(4, 4)
WIDTH = word_bytes(Space.WEIGHT, GEOMETRY)


def words(*values: int) -> bytes:
    """Return a word of each value."""
    return b"".join(bytes([value]) * WIDTH for value in values)


def test_what_is_there_is_not_missing_twice() -> None:
    resident = Resident(GEOMETRY)
    # Zeros are not there before they are written.
    assert resident.missing(Space.WEIGHT, 5, words(0, 0)) == [(5, words(0, 0))]
    assert resident.missing(Space.WEIGHT, 5, words(0, 0)) == []


def test_only_stretches_that_differ_are_missing() -> None:
    resident = Resident(GEOMETRY)
    resident.missing(Space.WEIGHT, 0, words(1, 2, 3, 4, 5))
    # The last word is beyond what was written.
    changed = words(1, 7, 8, 4, 9, 6)
    assert resident.missing(Space.WEIGHT, 0, changed) == [(1, words(7, 8)), (4, words(9, 6))]
    assert resident.missing(Space.WEIGHT, 0, changed) == []


def test_spaces_are_apart() -> None:
    resident = Resident(GEOMETRY)
    resident.missing(Space.WEIGHT, 0, words(1))
    record = bytes(word_bytes(Space.PARAMETER, GEOMETRY))
    assert resident.missing(Space.PARAMETER, 0, record) == [(0, record)]


def test_a_program_past_the_end_is_refused() -> None:
    deep = depth(Space.WEIGHT, GEOMETRY)
    with pytest.raises(DeviceError, match=f"reaches word {deep}, the device has {deep}"):
        Resident(GEOMETRY).missing(Space.WEIGHT, deep - 1, words(1, 2))
