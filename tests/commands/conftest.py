"""Shared by the tests of otus.commands."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from toys import toy_set

from otus.cli import main


def otus(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture(scope="session")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with train.npz, test.npz, small.keras, small.tflite: as the commands make them."""
    pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
    folder = tmp_path_factory.mktemp("learned")
    toy_set().save(folder / "train.npz")
    toy_set(seed=3, frames=2).save(folder / "test.npz")
    trained = otus(
        "train", folder / "train.npz", "-o", folder / "small.keras", "--widths", "16,16,32",
        "--epochs", 20, "--batch", 16, "--validation", folder / "test.npz",
    )  # fmt: skip
    assert trained.exit_code == 0, trained.output
    assert "epoch 20 of 20: loss" in trained.output
    assert "azimuth, 4788 parameters, learned from 252 frames" in trained.output
    quantised = otus(
        "quantise", folder / "small.keras", "--data", folder / "train.npz",
        "-o", folder / "small.tflite",
    )  # fmt: skip
    assert quantised.exit_code == 0, quantised.output
    assert "card small.json; the same class as float32 in " in quantised.output
    return folder
