import dataclasses
import itertools

import pytest

from otus.doa.conditions import CONDITIONS, HARD, REFERENCE, condition
from otus.doa.errors import DatasetError
from otus.doa.speech import SPLITS


def test_every_condition_is_known_by_its_name() -> None:
    assert [c.name for c in CONDITIONS.values()] == list(CONDITIONS)
    assert {"hard", "easy", "reference", "two"} <= set(CONDITIONS)


def test_the_reference_has_rooms_for_every_split_and_shares_none() -> None:
    assert REFERENCE.rooms is not None
    assert set(REFERENCE.rooms) == set(SPLITS)
    for a, b in itertools.combinations(REFERENCE.rooms.values(), 2):
        assert not set(a) & set(b)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": 3}, "'hard': 3 sources, allowed are 1 and 2"),
        ({"kinds": (0.5, 0.4, 0.0, 0.0)}, r"allowed are 4 shares \(speech, .* whose sum is 1"),
        ({"kinds": (1.0,)}, "allowed are 4 shares"),
    ],
)
def test_impossible_conditions_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        dataclasses.replace(HARD, **change)


def test_an_unknown_condition_says_which_is_near() -> None:
    assert condition("hard") is HARD
    with pytest.raises(
        DatasetError, match=r"'hrad' is not known; did you mean 'hard'\?; known: ha"
    ):
        condition("hrad")
