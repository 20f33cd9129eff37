"""Training, conversion and inference, on a toy set: the path, not the accuracy."""

from pathlib import Path

import numpy as np
import pytest

from otus.doa.angles import AZIMUTH, task
from otus.doa.errors import DatasetError, ModelError
from otus.doa.litert import reference
from otus.doa.network import load
from otus.doa.train import exact, train

from .conftest import toy_set

pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_training_learns_and_int8_keeps_it(trained: Path) -> None:
    unseen = toy_set(seed=5)
    infer = reference(trained / "azimuth.tflite")
    truth = AZIMUTH.of(unseen["azimuth"])
    exact = np.mean(infer(unseen.features).argmax(axis=1) == truth)
    assert exact > 0.5  # chance: 0.03


def test_training_refuses_nothing_to_learn_from() -> None:
    empty = toy_set().where(np.zeros(len(toy_set()), dtype=np.bool_))
    with pytest.raises(DatasetError, match="0 of 0 frames"):
        train(empty)
    with pytest.raises(DatasetError, match="0 of 252 frames have the 2 known"):
        train(toy_set(), task("two-source"))
    with pytest.raises(DatasetError, match="0 epochs"):
        train(toy_set(), epochs=0)


def test_two_sources_are_learned_and_told_apart() -> None:
    learn, two = toy_set(sources=2), task("two-source")
    model = train(learn, two, widths=(16, 16, 32), epochs=25, batch=16)
    assert exact(model, toy_set(sources=2, seed=4), two) > 30  # chance: 5


@pytest.mark.parametrize("name", ["azimuth-360", "elevation"])
def test_other_tasks_train(name: str) -> None:
    model = train(toy_set(frames=1), task(name), widths=(4, 4, 8), epochs=1)
    assert model.output_shape == (None, task(name).classes.count)


def test_fine_tuning_goes_on_from_a_trained_network(trained: Path) -> None:
    unseen = toy_set(seed=7)
    model, _ = load(trained / "azimuth.keras")
    truth = AZIMUTH.of(unseen["azimuth"])[:, None]

    def doubt() -> float:
        p = model.predict(unseen.features, verbose=0)
        return -float(np.log(np.take_along_axis(p, truth, axis=1)).mean())

    before = doubt()
    assert train(unseen, start=model, epochs=2, batch=16) is model
    assert 0 < doubt() < before
    with pytest.raises(ModelError, match=r"gives 36 classes, .* elevation need \(13, 15\) and 10"):
        train(unseen, task("elevation"), start=model)
