"""Shared by the tests of otus.doa."""

from pathlib import Path

import pytest
from toys import plane_wave, toy_set

from otus.doa.angles import task
from otus.doa.card import describe, training, write
from otus.doa.network import save
from otus.doa.quantise import quantise
from otus.doa.train import train

__all__ = ["ROOT", "plane_wave", "toy_set"]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with azimuth.keras, azimuth.tflite and its card, from a few epochs on plane waves."""
    pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
    folder = tmp_path_factory.mktemp("models")
    lines: list[str] = []
    learn, azimuth = toy_set(), task("azimuth")
    model = train(learn, epochs=12, batch=16, validation=toy_set(seed=9), report=lines.append)
    assert len(lines) == 12
    assert "epoch 12 of 12" in lines[-1]
    assert "validation" in lines[-1]
    record = training(azimuth, learn.definition, [learn], widths=(64, 64, 100), epochs=12, seed=1,
                      command="a test")  # fmt: skip
    save(model, folder / "azimuth.keras", record)
    content = quantise(model, learn.features)
    write(folder / "azimuth.tflite", content, describe(content, record, model.count_params()))
    return folder
