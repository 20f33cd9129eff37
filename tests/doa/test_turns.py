"""Features in all turns of the array: each is what the turned source would give."""

import numpy as np
import pytest
from numpy.typing import NDArray
from toys import ear

from otus.doa.angles import AZIMUTH, DEGREES, ELEVATION, TASKS
from otus.doa.arrays import Array, circle
from otus.doa.definitions import UMA8, preset
from otus.doa.errors import ModelError
from otus.doa.features import FeatureDefinition, gcc_phat
from otus.doa.turns import Turns

from .conftest import plane_wave


def waves(*degrees: float) -> NDArray[np.float32]:
    """Features of one frame of a plane wave from each angle: [n, lags, pairs]."""
    each = [UMA8.frames(plane_wave(UMA8.array, angle))[:1] for angle in degrees]
    return gcc_phat(np.concatenate(each), UMA8)


def test_features_and_labels_turn_together() -> None:
    turns = Turns(UMA8, AZIMUTH)
    assert len(turns.symmetries) == 12
    choice = np.arange(12)
    truth = turns.azimuth(np.full((12, 1), 20.0), choice)[:, 0]
    assert len(set(truth.round(6))) == 12
    turned = turns(waves(20.0).repeat(12, axis=0), choice)
    np.testing.assert_allclose(turned, waves(*truth), atol=1e-4)
    assert turns.classes(TASKS["azimuth"])[:, 2].tolist() == AZIMUTH.of(truth).tolist()
    assert (turns.classes(TASKS["elevation"]) == np.arange(10)).all()


def test_averages_take_the_turns_that_keep_class_centres() -> None:
    square = Turns(preset("respeaker4"), AZIMUTH)
    assert [s.turn for s in square.symmetries if s.sign == 1] == [0, 90, 180, 270]
    assert square.aligned == [0, 1, 2, 3]
    for mics, aligned in ((5, 1), (8, 4)):
        ring = FeatureDefinition(Array(f"ring {mics}", circle(0.05, mics)))
        turns = Turns(ring, AZIMUTH)
        assert len(turns.symmetries) == 2 * mics
        assert len(turns.aligned) == aligned
        assert len(Turns(ring, ELEVATION).aligned) == mics
    assert len(Turns(ring, DEGREES).aligned) == 8


@pytest.mark.parametrize("mics", [5, 7, 8])
def test_features_turn_with_degrees_where_classes_do_not(mics: int) -> None:
    ring = FeatureDefinition(Array(f"ring {mics}", circle(0.04, mics)))
    turns = Turns(ring, AZIMUTH)
    choice = np.arange(2 * mics)
    truth = turns.azimuth(np.full((2 * mics, 1), 20.0), choice)[:, 0]
    each = [ring.frames(plane_wave(ring.array, a))[:1] for a in (20.0, *truth)]
    heard = gcc_phat(np.concatenate(each), ring)
    np.testing.assert_allclose(turns(heard[[0] * 2 * mics], choice), heard[1:], atol=1e-4)
    near = turns.classes(TASKS["azimuth"])[:, 2]
    assert (AZIMUTH.distance(near, AZIMUTH.of(truth)) <= 1).all()


def test_every_turn_answers_for_the_frame_itself() -> None:
    x = waves(20, 190, 340)
    heard = Turns(UMA8, AZIMUTH).averaged(ear, TASKS["azimuth"])(x)
    np.testing.assert_allclose(heard, ear(x), atol=1e-6)
    assert (AZIMUTH.distance(heard.argmax(axis=1), np.array([2, 19, 34])) <= 1).all()


def test_an_ear_that_is_wrong_in_one_turn_is_outvoted() -> None:
    x, asked = waves(20.0), []

    def moody(features: NDArray[np.float32]) -> NDArray[np.float32]:
        asked.append(features)
        return np.roll(ear(features), 9 if len(asked) == 1 else 0, axis=1)

    heard = Turns(UMA8, AZIMUTH).averaged(moody, TASKS["azimuth"])(x)[0]
    assert len(asked) == 6
    assert np.array_equal(asked[0], x)
    assert heard[11] == pytest.approx(1 / 6)
    assert heard[2] == pytest.approx(5 / 6)


def test_elevations_do_not_turn() -> None:
    def level(features: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.eye(10, dtype=np.float32)[np.full(len(features), 3)]

    heard = Turns(UMA8, AZIMUTH).averaged(level, TASKS["elevation"])(waves(20, 70))
    np.testing.assert_allclose(heard, level(heard), atol=1e-6)


def test_a_network_for_other_classes_is_refused() -> None:
    with pytest.raises(ModelError, match=r"shape \(1, 36\), allowed is \[n, 10\]"):
        Turns(UMA8, AZIMUTH).averaged(ear, TASKS["elevation"])(waves(20.0))
