"""`otus quantise`: an int8 model with its card, or a refusal."""

from pathlib import Path

import pytest
from toys import toy_set

from otus.doa import card
from otus.doa.definitions import UMA8
from otus.doa.litert import reference

from .conftest import otus

# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_the_card_belongs_to_the_model_and_tells_its_training(learned: Path) -> None:
    described, definition = card.read(learned / "small.json")
    assert definition == UMA8
    assert (described["task"], described["parameters"]) == ("azimuth", 4788)
    assert described["accuracy"]["scores"] == []
    assert reference(learned / "small.tflite")(toy_set(frames=1).features).shape == (36, 36)


def test_what_cannot_be_quantised_is_refused(learned: Path, tmp_path: Path) -> None:
    keras, data = learned / "small.keras", learned / "train.npz"
    for arguments, message in (
        ([tmp_path / "none.keras", "--data", data, "-o", "x.tflite"], "none.keras: no such file"),
        ([keras, "--data", data, "-o", tmp_path / "x.bin"], "name it x.tflite"),
        ([keras, "--data", tmp_path / "none.npz", "-o", "x.tflite"], "none.npz: no such file"),
    ):
        result = otus("quantise", *arguments)
        assert result.exit_code == 1, result.output
        assert message in result.output
