"""Training, conversion, inference and scoring, on a toy set: the path, not the accuracy."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from otus.doa import recipe
from otus.doa.angles import AZIMUTH, ELEVATION
from otus.doa.arrays import preset
from otus.doa.dataset import Dataset
from otus.doa.errors import DatasetError, ModelError
from otus.doa.evaluate import evaluate
from otus.doa.features import FeatureDefinition, gcc_phat
from otus.doa.litert import reference
from otus.doa.train import Augmentation, network, targets, train

from .conftest import plane_wave, toy_set

pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
UMA8 = FeatureDefinition()


@pytest.mark.parametrize(("classes", "parameters"), [(36, 44_632), (10, 42_006)])
def test_the_network_has_the_reference_size(classes: int, parameters: int) -> None:
    model = network((13, 15), classes)
    assert model.count_params() == parameters
    shapes = [tuple(layer.output.shape[1:]) for layer in model.layers]
    assert shapes[:2] == [(11, 64), (9, 64)]
    assert shapes[-3:] == [(256,), (100,), (classes,)]


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
    square = Augmentation(FeatureDefinition(preset("respeaker4")), AZIMUTH)
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


def test_the_recipe_writes_models_and_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def toy(split: str, folder: Path, **_: Any) -> Dataset:
        folder.mkdir(exist_ok=True)
        return toy_set(seed=len(split))

    monkeypatch.setattr(recipe, "data", toy)
    monkeypatch.setattr(recipe, "espeak_version", lambda: "none")
    monkeypatch.setattr(recipe, "EPOCHS", {"elevation": 1})
    recipe.cook(tmp_path / "work", tmp_path / "out", tasks=["elevation"], scale=0.5)
    card, definition = recipe.read_card(tmp_path / "out/elevation.json")
    assert definition == UMA8
    assert card["command"] == "python -m otus.doa.recipe --seed 1 --scale 0.5"
    assert card["classes"]["count"] == 10
    content = (tmp_path / "out/elevation.tflite").read_bytes()
    assert card["sha256"] == hashlib.sha256(content).hexdigest()
    assert [d["frames"] for d in card["data"]] == [len(toy_set())] * 3
    assert card["accuracy"]["scores"][0]["name"] == "easy"
    assert "| easy |" in capsys.readouterr().out
    (tmp_path / "out/elevation.tflite").write_bytes(content + b"x")
    with pytest.raises(DatasetError, match=r"not the model that elevation\.json describes"):
        recipe.read_card(tmp_path / "out/elevation.json")
    (tmp_path / "out/elevation.json").write_text(json.dumps({"task": "elevation"}))
    with pytest.raises(DatasetError, match="not a model card"):
        recipe.read_card(tmp_path / "out/elevation.json")
