"""Quantisation-aware training: what a twin computes, and what it gives back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from otus.doa.angles import AZIMUTH, task
from otus.doa.aware import Twin
from otus.doa.definitions import UMA8
from otus.doa.errors import ModelError
from otus.doa.litert import reference
from otus.doa.network import inference, load, network
from otus.doa.train import train

from .conftest import toy_set

keras = pytest.importorskip("tensorflow", reason="the extra 'train' is not installed").keras
# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def trained_network(folder: Path) -> Any:
    return load(folder / "azimuth.keras")[0]


def test_a_twin_computes_as_the_int8_file_does(trained: Path) -> None:
    model = trained_network(trained)
    features = toy_set(seed=5).features
    int8 = reference(trained / "azimuth.tflite")(features)
    twin = Twin(model, toy_set().features).network
    # The file's outputs have steps of 1 / 256.
    steps = np.rint(256 * np.asarray([inference(n)(features) for n in (model, twin)])) / 256
    far, near = np.abs(steps - int8).mean(axis=(1, 2))
    assert near < 0.5 * far


def test_weights_have_255_steps_a_filter(trained: Path) -> None:
    twin = Twin(trained_network(trained), toy_set().features).network
    first = next(layer for layer in twin.layers if layer.weights)
    kernel = np.zeros((3, 15, 64), dtype=np.float32)
    kernel[:, :, 1] = np.linspace(-1, 0.9, 45).reshape(3, 15)
    first.set_weights([kernel, np.zeros(64)])
    first.rounding = first.activation = lambda x: x
    # One entry at a time comes through a convolution as the weight itself.
    impulses = np.eye(45, dtype=np.float32).reshape(45, 3, 15)
    rounded = np.asarray(first(impulses))[:, 0, 1]
    steps = rounded * 127
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
    np.testing.assert_allclose(rounded, kernel[:, :, 1].ravel(), atol=0.5 / 127)
    assert not np.asarray(first(impulses))[:, 0, 0].any()


def test_what_a_twin_learns_is_given_back(trained: Path) -> None:
    model, learn = trained_network(trained), toy_set()
    before = [w.copy() for w in model.get_weights()]
    twin = Twin(model, learn.features)
    train(learn, start=twin.network, epochs=2, batch=16)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    twin.finish()
    after = model.get_weights()
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    exact = inference(model)(learn.features).argmax(axis=1) == AZIMUTH.of(learn["azimuth"])
    assert exact.mean() > 0.5  # chance: 0.03


def test_other_layers_are_refused() -> None:
    model = network(UMA8.shape, task("azimuth"))
    model.add(keras.layers.LayerNormalization())
    with pytest.raises(ModelError, match=r"is a LayerNormalization; allowed are Conv1D, Dense, "):
        Twin(model, toy_set().features)
