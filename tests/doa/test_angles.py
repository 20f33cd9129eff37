import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otus.doa.angles import (
    AZIMUTH,
    DEGREES,
    ELEVATION,
    TASKS,
    Classes,
    circular_mean,
    decode,
    resultant,
    running_mean,
    task,
)
from otus.doa.errors import DefinitionError, ModelError


def test_azimuth_classes_are_centred_and_wrap() -> None:
    assert AZIMUTH.of([0, 4.9, 5.0, 175.0, 184.9, 354.9, 355.0, 359.9]).tolist() == [
        0, 0, 1, 18, 18, 35, 0, 0,
    ]  # fmt: skip
    assert AZIMUTH.of(-3.0) == 0
    assert AZIMUTH.distance([0, 35, 18], [35, 1, 0]).tolist() == [1, 2, 18]
    np.testing.assert_allclose(AZIMUTH.error([359, 1, 270], [2, 359, 90]), [3, 2, 180])


def test_elevation_classes_end() -> None:
    assert ELEVATION.of([0, 4.9, 5, 85, 90, -7]).tolist() == [0, 0, 1, 9, 9, 0]
    assert ELEVATION.distance([0], [9]).tolist() == [9]
    np.testing.assert_allclose(ELEVATION.error([90], [0]), [90])


def test_every_centre_is_its_class() -> None:
    for classes in (AZIMUTH, DEGREES, ELEVATION):
        assert classes.of(classes.centres).tolist() == list(range(classes.count))


def test_classes_that_leave_a_gap_are_refused() -> None:
    with pytest.raises(DefinitionError, match="36 classes of 11 degrees do not close"):
        Classes("azimuth", 36, 11.0, circular=True)
    with pytest.raises(DefinitionError, match=r"'range' is not known.*azimuth, azimuth-360"):
        task("range")


def test_the_mean_is_circular() -> None:
    assert circular_mean(np.array([350.0, 10.0, 0.0])) == pytest.approx(0, abs=1e-9)
    assert circular_mean(np.array([350.0, 20.0]), np.array([1.0, 1.0])) == pytest.approx(5)
    assert circular_mean(np.array([90.0, 0.0]), np.array([1.0, 0.0])) == pytest.approx(90)
    assert 0 <= circular_mean(np.array([-1e-15])) < 360


def test_the_mean_of_opposite_directions_means_nothing() -> None:
    for degrees, mean, length in (
        ([350.0, 10.0], 0.0, 0.985),
        ([0.0, 360.0], 0.0, 1.0),
        ([359.5, 0.5, 0.0], 0.0, 1.0),
        ([350.0, 20.0], 5.0, 0.966),
    ):
        found = resultant(np.array(degrees))
        assert AZIMUTH.error(found[0], mean) == pytest.approx(0, abs=1e-6)
        assert found[1] == pytest.approx(length, abs=1e-3)
    for opposite in ([0.0, 180.0], [350.0, 170.0], [0.0, 120.0, 240.0]):
        assert resultant(np.array(opposite))[1] == pytest.approx(0, abs=1e-9)
    found = resultant(np.array([[0.0, 180.0], [0.0, 180.0]]), np.array([3.0, 1.0]))
    np.testing.assert_allclose(found[1], [0.5, 0.5])
    assert resultant(np.array([10.0, 20.0]), np.zeros(2))[1] == 0


@pytest.mark.parametrize("name", ["azimuth", "azimuth-360", "elevation"])
def test_decode_finds_the_angle_of_a_target_between_the_centres(name: str) -> None:
    of = task(name)
    truth = np.arange(5.0, 86.0, 0.7) if name == "elevation" else np.arange(0, 360, 0.7)
    p = of.targets(truth[:, None])
    degrees, confidence = decode(p, of.classes)
    # The share of a target that is not spread draws angles to the centre.
    assert of.classes.error(degrees, truth).max() < (0.9 if of.own == 0 else 1.6)
    assert confidence.min() > 0.95
    # As coarse as an int8 output. Where a class has a few steps only, an angle is as coarse.
    coarse, _ = decode(np.rint(256 * p) / 256, of.classes)
    assert of.classes.error(coarse, truth).mean() < 1


@given(
    at=st.lists(st.tuples(st.floats(0, 360), st.floats(0.1, 1)), min_size=1, max_size=4),
    turn=st.integers(1, 35),
)
def test_angles_and_averages_turn_with_the_circle(at: list[tuple[float, float]], turn: int) -> None:
    of = task("azimuth")
    rows = of.targets(np.array([[degrees] for degrees, _ in at])) * [[w] for _, w in at]
    mean = running_mean(rows, len(rows))[-1:]
    (degrees,), (confidence,) = decode(mean, AZIMUTH)
    (turned,), (same,) = decode(np.roll(mean, turn, axis=1), AZIMUTH)
    if np.ptp(np.sort(mean[0])[-2:]) > 1e-9:  # of equals the lowest class wins
        assert AZIMUTH.error(turned, degrees + 10 * turn) == pytest.approx(0, abs=1e-6)
        assert same == pytest.approx(confidence)


def test_averages_of_opposite_directions_are_not_confident_and_of_neighbours_are() -> None:
    of = task("azimuth")

    def averaged(*degrees: float) -> tuple[float, float]:
        rows = running_mean(of.targets(np.array(degrees)[:, None]), len(degrees))
        (angle,), (confidence,) = decode(rows[-1:], AZIMUTH)
        return float(angle), float(confidence)

    assert averaged(0, 180)[1] == pytest.approx(0.5, abs=0.02)
    assert averaged(350, 170)[1] == pytest.approx(0.5, abs=0.02)
    assert averaged(0, 90, 180, 270)[1] == pytest.approx(0.25, abs=0.02)
    for pair in ((356, 4), (358, 2), (0, 360)):
        angle, confidence = averaged(*pair)
        assert AZIMUTH.error(angle, 0) < 0.5, pair
        assert confidence > 0.95
    # Frames at 350 and 10 degrees are two directions; 0, between them, was heard in neither.
    angle, confidence = averaged(350, 10)
    assert AZIMUTH.error(angle, 0) == pytest.approx(10, abs=1.5)
    assert confidence == pytest.approx(0.5, abs=0.1)


def test_decode_interpolates_across_0() -> None:
    p = np.zeros((3, 36))
    p[0, [35, 0]] = 0.4, 0.6
    p[1, 18] = 1
    p[2, [0, 1, 20]] = 0.3, 0.3, 0.4
    degrees, confidence = decode(p, AZIMUTH)
    np.testing.assert_allclose(degrees, [355.66, 180, 200], atol=0.01)
    np.testing.assert_allclose(confidence, [1, 1, 0.4])


def test_decode_stays_in_the_winning_class_and_takes_the_lowest_of_equals() -> None:
    p = np.random.default_rng(0).dirichlet(np.full(36, 0.1), 500)
    degrees, confidence = decode(p, AZIMUTH)
    assert (AZIMUTH.of(degrees) == p.argmax(axis=1)).all()
    assert ((degrees >= 0) & (degrees < 360)).all()
    assert ((confidence > 0) & (confidence <= 1)).all()
    assert AZIMUTH.of(decode(np.ones((1, 36)), AZIMUTH)[0]) == 0


def test_decode_does_not_wrap_elevation() -> None:
    p = np.zeros((2, 10))
    p[0, [0, 9]] = 0.6, 0.4
    p[1, [8, 9]] = 0.4, 0.6
    degrees, confidence = decode(p, ELEVATION)
    np.testing.assert_allclose(degrees, [0, 85.66], atol=0.01)
    np.testing.assert_allclose(confidence, [0.6, 1])


def test_decode_refuses_other_class_counts() -> None:
    with pytest.raises(ModelError, match=r"azimuth: got .*\(2, 10\), allowed is \[n, 36\]"):
        decode(np.ones((2, 10)), AZIMUTH)


def test_running_mean_spans_the_used_frames_before() -> None:
    p = np.arange(8.0).reshape(4, 2)
    np.testing.assert_allclose(running_mean(p, 1), p)
    np.testing.assert_allclose(running_mean(p, 2)[:, 0], [0, 1, 3, 5])
    use = np.array([False, True, False, True])
    np.testing.assert_allclose(running_mean(p, 2, use)[:, 0], [0, 2, 2, 6])
    np.testing.assert_allclose(running_mean(p, 3, use)[3], p[[1, 3]].mean(axis=0))
    with pytest.raises(DefinitionError, match="average: got 0"):
        running_mean(p, 0)


def test_tasks_say_what_their_outputs_stand_for() -> None:
    counts = {name: (t.classes.count, t.sources) for name, t in TASKS.items()}
    assert counts == {
        "azimuth": (36, 1),
        "azimuth-360": (360, 1),
        "elevation": (10, 1),
        "two-source": (36, 2),
    }
    fields = {"azimuth": np.array([1.0, 2.0]), "azimuth_2": np.array([3.0, 4.0])}
    assert task("azimuth").truth(fields).tolist() == [[1], [2]]
    assert task("two-source").truth(fields).tolist() == [[1, 3], [2, 4]]


def test_targets_lean_to_the_nearer_class_and_wrap() -> None:
    t = task("azimuth").targets(np.array([[0.0], [355.0], [12.0]]))
    np.testing.assert_allclose(t.sum(axis=1), 1, atol=1e-6)
    assert t[0, 0] > 0.9
    np.testing.assert_allclose(t[0, 1], t[0, 35])
    # Halves go up, in targets as in classes.
    assert t[1, 0] > 0.7 > 0.2 < t[1, 35]
    assert t[2, 1] > 0.5 > t[2, 2] > t[2, 0]
    assert task("elevation").targets(np.array([[90.0]]))[0].argmax() == 9


def test_targets_of_two_sources_are_half_each() -> None:
    t = task("two-source").targets(np.array([[20.0, 200.0], [356.0, 3.0]]))
    np.testing.assert_allclose(t.sum(axis=1), 1, atol=1e-6)
    assert np.flatnonzero(t[0] > 0.4).tolist() == [2, 20]
    assert t[1].argmax() == 0
    assert t[0, 10] < 1e-6


def test_two_sources_are_the_two_highest_peaks() -> None:
    p = np.zeros((4, 36))
    p[0, [4, 5, 6, 30]] = 0.6, 0.9, 0.6, 0.3  # the shoulders of the first are no source
    p[1, [35, 0, 1, 18]] = 0.4, 0.8, 0.4, 0.5
    p[2, [10, 11, 12, 13]] = 0.9, 0.7, 0.5, 0.1  # one peak: its far shoulder stands in
    p[3, [7, 8, 20, 21]] = 0.8, 0.8, 0.5, 0.5  # plateaus
    found = AZIMUTH.of(np.sort(task("two-source").decode(p), axis=1))
    assert found.tolist() == [[5, 30], [0, 18], [10, 12], [7, 20]]


def test_angles_are_matched_to_the_truth_they_fit_best() -> None:
    two = task("two-source")
    got = two.match(np.array([[10.0, 200.0], [350.0, 20.0]]), np.array([[190.0, 5.0], [0.0, 15.0]]))
    assert got.tolist() == [[200, 10], [350, 20]]
    assert task("azimuth").match(np.array([[3.0]]), np.array([[9.0]])).tolist() == [[3]]
    with pytest.raises(ModelError, match="allowed is"):
        two.decode(np.zeros((2, 10)))
