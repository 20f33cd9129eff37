"""Training, conversion, inference and scoring, on a toy set: the path, not the accuracy."""

from pathlib import Path

import numpy as np
import pytest

from otus.doa import definitions
from otus.doa.angles import AZIMUTH, ELEVATION
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError, ModelError
from otus.doa.evaluate import evaluate
from otus.doa.features import gcc_phat
from otus.doa.litert import reference
from otus.doa.train import REFERENCE, SMALL, Augmentation, Widths, network, targets, train

from .conftest import plane_wave, toy_set

pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize(
    ("classes", "widths", "parameters"),
    [(36, REFERENCE, 44_632), (10, REFERENCE, 42_006), (36, SMALL, 4_788)],
)
def test_the_network_has_the_documented_size(classes: int, widths: Widths, parameters: int) -> None:
    model = network((13, 15), classes, widths)
    assert model.count_params() == parameters
    first, second, hidden = widths
    shapes = [tuple(layer.output.shape[1:]) for layer in model.layers]
    assert shapes[:2] == [(11, first), (9, second)]
    assert shapes[-3:] == [(4 * second,), (hidden,), (classes,)]


def test_training_learns_and_int8_keeps_it(trained: Path) -> None:
    unseen = toy_set(seed=5)
    infer = reference(trained / "azimuth.tflite")
    truth = AZIMUTH.of(unseen["azimuth"])
    exact = np.mean(infer(unseen.features).argmax(axis=1) == truth)
    assert exact > 0.5  # chance: 0.03


def test_augmentation_turns_features_and_labels_together() -> None:
    augment = Augmentation(UMA8, AZIMUTH)
    assert len(augment.symmetries) == 12
    azimuth = np.full(40, 20.0)
    x = gcc_phat(UMA8.frames(plane_wave(UMA8.array, 20.0))[:1], UMA8).repeat(40, axis=0)
    turned, truth = augment(x, azimuth, np.random.default_rng(0))
    assert len(set(truth.round(6))) == 12
    for feature, angle in zip(turned, truth, strict=True):
        want = gcc_phat(UMA8.frames(plane_wave(UMA8.array, float(angle)))[:1], UMA8)[0]
        np.testing.assert_allclose(feature, want, atol=1e-4)


def test_augmentation_keeps_class_centres() -> None:
    square = Augmentation(definitions.preset("respeaker4"), AZIMUTH)
    assert [s.turn for s in square.symmetries if s.sign == 1] == [0, 90, 180, 270]


def test_targets_lean_to_the_nearer_class_and_wrap() -> None:
    t = targets(np.array([0.0, 355.0, 12.0]), AZIMUTH)
    np.testing.assert_allclose(t.sum(axis=1), 1, atol=1e-6)
    assert t[0, 0] > 0.9
    np.testing.assert_allclose(t[0, 1], t[0, 35])
    np.testing.assert_allclose(t[1, 0], t[1, 35])
    assert t[2, 1] > 0.5 > t[2, 2] > t[2, 0]
    assert targets(np.array([90.0]), ELEVATION)[0].argmax() == 9


def test_training_refuses_nothing_to_learn_from() -> None:
    empty = toy_set().where(np.zeros(len(toy_set()), dtype=np.bool_))
    with pytest.raises(DatasetError, match="0 frames"):
        train(empty)
    with pytest.raises(DatasetError, match="0 epochs"):
        train(toy_set(), epochs=0)


def test_evaluation_refuses_a_model_of_another_task(trained: Path) -> None:
    with pytest.raises(ModelError, match="another task"):
        evaluate(reference(trained / "azimuth.tflite"), toy_set(), ELEVATION.name)
