import numpy as np
import pytest
from numpy.typing import NDArray
from toys import ear

from otus.doa.angles import AZIMUTH, ELEVATION, task
from otus.doa.errors import DatasetError, ModelError
from otus.doa.evaluate import Score, evaluate, hear, lead, score, table

from .conftest import toy_set


def scored(degrees: list[float], truth: list[float], rooms: list[int], name: str = "") -> Score:
    material = np.arange(len(truth))[:, None]
    columns = np.array(degrees)[:, None], np.array(truth)[:, None]
    return score(*columns, np.array(rooms), material, AZIMUTH, name)


def test_scores_are_counted_round_the_circle() -> None:
    got = scored([0, 0, 350, 0], [0, 350, 10, 180], [0, 1, 2, 3])
    assert (got.frames, got.rooms) == (4, 4)
    assert got.exact.value == 25
    assert got.within_one.value == 50
    assert got.gross.value == 25  # 180 degrees; 20 is not gross yet
    assert got.mean_error.value == pytest.approx((0 + 10 + 20 + 180) / 4)
    assert got.median_error.value == pytest.approx(15)


def test_two_sources_count_one_by_one() -> None:
    got = score(
        np.array([[0.0, 90.0]]), np.array([[0.0, 120.0]]), np.zeros(1), np.array([[0, 1]]), AZIMUTH
    )
    assert (got.frames, got.exact.value, got.gross.value) == (1, 50, 50)
    assert got.median_error.value == 15


def test_intervals_come_from_rooms_and_from_material_not_from_frames() -> None:
    truth, guesses = np.zeros((1000, 1)), np.array([0.0] * 500 + [180.0] * 500)[:, None]
    each, tens = np.arange(1000), np.arange(1000) // 100
    frames = score(guesses, truth, each, each[:, None], AZIMUTH)
    rooms = score(guesses, truth, tens, each[:, None], AZIMUTH)
    material = score(guesses, truth, each, tens[:, None], AZIMUTH)
    assert frames.exact.value == rooms.exact.value == 50
    assert frames.exact.high - frames.exact.low < 12
    for clustered in (rooms, material):
        assert clustered.exact.high - clustered.exact.low > 40
        assert clustered.exact.low <= clustered.exact.value <= clustered.exact.high


def test_a_perfect_network_scores_100_in_every_group() -> None:
    toy, azimuth = toy_set(), task("azimuth")
    truth = AZIMUTH.of(toy["azimuth"])
    scores = evaluate(hear(lambda _: np.eye(36)[truth], toy, azimuth), toy, azimuth)
    assert [s.name for s in scores] == [
        "easy", "easy, speech", "easy, SNR 0 to 10 dB", "easy, distance 1 to 2 m",
        "easy, elevation 0 to 30", "easy, elevation 30 to 60",
    ]  # fmt: skip
    assert all(s.exact.value == 100 for s in scores)
    assert 0 < scores[0].mean_error.value < 5
    assert sum(s.frames for s in scores[-2:]) == len(toy)


def test_two_sources_are_scored_in_the_order_that_fits() -> None:
    toy, two = toy_set(sources=2, frames=1), task("two-source")
    swapped = np.stack([toy["azimuth_2"], toy["azimuth"]], axis=1)
    assert evaluate(swapped, toy, two)[0].exact.value == 100
    with pytest.raises(DatasetError, match="no frame with the 1 known"):
        evaluate(toy["azimuth"][:, None], toy, task("azimuth"))


def test_the_lead_over_another_method_is_that_of_the_same_frames() -> None:
    toy, azimuth = toy_set(frames=1), task("azimuth")
    right = toy["azimuth"][:, None].copy()
    wrong = right.copy()
    wrong[:18] = (wrong[:18] + 180) % 360
    exact, within_one = lead(right, wrong, toy, azimuth)
    assert exact.value == within_one.value == 50
    assert 15 < exact.low < 50 < exact.high < 85
    assert lead(wrong, right, toy, azimuth)[0].value == -50


def test_averages_stay_within_a_clip() -> None:
    toy, azimuth = toy_set(frames=2), task("azimuth")
    p = np.full((len(toy), 36), 0.01)
    p[::2, 5], p[1::2, 9] = 0.9, 0.5
    assert AZIMUTH.of(hear(lambda _: p, toy, azimuth)[:4, 0]).tolist() == [5, 9, 5, 9]
    assert AZIMUTH.of(hear(lambda _: p, toy, azimuth, average=4)[:4, 0]).tolist() == [5, 5, 5, 5]
    assert p[1, 9] == 0.5


def test_a_network_that_is_wrong_in_one_turn_is_right_with_all_of_them() -> None:
    toy, azimuth = toy_set(frames=1), task("azimuth")
    asked: list[int] = []

    def moody(features: NDArray[np.float32]) -> NDArray[np.float32]:
        asked.append(len(features))
        return np.roll(ear(features), 9 if len(asked) == 1 else 0, axis=1)

    alone = hear(moody, toy, azimuth)
    asked.clear()
    together = hear(moody, toy, azimuth, turns=True)
    assert asked == [36] * 6
    found = [evaluate(degrees, toy, azimuth)[0].within_one.value for degrees in (alone, together)]
    assert found == [0, 100]


def test_the_table_has_a_row_a_score() -> None:
    scores = [scored([0, 180], [0, 0], [0, 0], "some")]
    lines = table(scores).splitlines()
    assert len(lines) == 3
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| some | 2 | 1 | 50.0 (0.0 to 100.0) |")
    assert scores[0].to_dict()["exact"] == [50, 0, 100]


def test_outputs_of_another_shape_and_empty_sets_are_refused() -> None:
    with pytest.raises(ModelError, match=r"outputs of shape .*, allowed is \(252, 36\); is it a"):
        hear(lambda features: np.zeros((len(features), 10)), toy_set(), task("azimuth"))
    empty = np.zeros((0, 1))
    with pytest.raises(DatasetError, match="hard: no frames"):
        score(empty, empty, np.zeros(0), empty, ELEVATION, "hard")
