import numpy as np
import pytest

from otus.doa.angles import AZIMUTH
from otus.doa.errors import DatasetError, ModelError
from otus.doa.evaluate import evaluate, score, table

from .conftest import toy_set


def sure(classes: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.eye(36)[classes]


def test_scores_are_counted_round_the_circle() -> None:
    truth = np.array([0.0, 350.0, 10.0, 180.0])
    got = score(sure([0, 0, 35, 0]), truth, np.arange(4), AZIMUTH, "some")
    assert (got.frames, got.rooms) == (4, 4)
    assert got.exact.value == 25
    assert got.within_one.value == 50
    assert got.mean_error.value == pytest.approx((0 + 10 + 20 + 180) / 4)
    assert got.median_error.value == pytest.approx(15)


def test_intervals_come_from_rooms_not_from_frames() -> None:
    truth = np.zeros(1000)
    guesses = sure([0] * 500 + [18] * 500)
    frames = score(guesses, truth, np.arange(1000), AZIMUTH)
    rooms = score(guesses, truth, np.arange(1000) // 100, AZIMUTH)
    assert frames.exact.value == rooms.exact.value == 50
    assert frames.exact.high - frames.exact.low < 8
    assert rooms.exact.high - rooms.exact.low > 40
    assert rooms.exact.low <= rooms.exact.value <= rooms.exact.high


def test_a_perfect_network_scores_100_in_every_group() -> None:
    toy = toy_set()
    truth = AZIMUTH.of(toy["azimuth"])
    scores = evaluate(lambda features: np.eye(36)[truth[: len(features)]], toy)
    assert [s.name for s in scores] == [
        "easy", "easy, speech", "easy, elevation 0 to 30", "easy, elevation 30 to 60",
    ]  # fmt: skip
    assert all(s.exact.value == 100 for s in scores)
    assert 0 < scores[0].mean_error.value < 5
    assert sum(s.frames for s in scores[2:]) == len(toy)


def test_the_table_has_a_row_a_score() -> None:
    scores = [score(sure([0, 18]), np.zeros(2), np.zeros(2), AZIMUTH, "some")]
    lines = table(scores).splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("| some | 2 | 1 | 50.0 (50.0 to 50.0) |")
    assert scores[0].to_dict()["exact"] == [50, 50, 50]


def test_outputs_of_another_shape_and_empty_sets_are_refused() -> None:
    with pytest.raises(ModelError, match=r"outputs of shape .*, allowed is \(252, 36\)"):
        evaluate(lambda features: np.zeros((len(features), 10)), toy_set())
    with pytest.raises(DatasetError, match="hard: no frames"):
        score(np.zeros((0, 36)), np.zeros(0), np.zeros(0), AZIMUTH, "hard")
