import numpy as np
import pytest

from otus.doa.angles import (
    AZIMUTH,
    ELEVATION,
    Classes,
    circular_mean,
    decode,
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
    for classes in (AZIMUTH, ELEVATION):
        assert classes.of(classes.centres).tolist() == list(range(classes.count))
        assert task(classes.name) is classes


def test_classes_that_leave_a_gap_are_refused() -> None:
    with pytest.raises(DefinitionError, match="36 classes of 11 degrees do not close"):
        Classes("azimuth", 36, 11.0, circular=True)
    with pytest.raises(DefinitionError, match=r"'range' is not known.*azimuth, elevation"):
        task("range")


def test_the_mean_is_circular() -> None:
    assert circular_mean(np.array([350.0, 10.0, 0.0])) == pytest.approx(0, abs=1e-9)
    assert circular_mean(np.array([350.0, 20.0]), np.array([1.0, 1.0])) == pytest.approx(5)
    assert circular_mean(np.array([90.0, 0.0]), np.array([1.0, 0.0])) == pytest.approx(90)
    assert 0 <= circular_mean(np.array([-1e-15])) < 360


def test_decode_interpolates_across_0() -> None:
    p = np.zeros((3, 36))
    p[0, [35, 0]] = 0.4, 0.6
    p[1, 18] = 1
    p[2, [0, 1, 20]] = 0.3, 0.3, 0.4
    degrees, confidence = decode(p, AZIMUTH)
    np.testing.assert_allclose(degrees, [356, 180, 200], atol=1e-9)
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
    np.testing.assert_allclose(degrees, [0, 86])
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
