"""`otus train` as its users meet it: new networks, better ones, and what is refused."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from toys import noisy_wave, toy_set

from otus.doa.network import load

from .conftest import otus

# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def hall(folder: Path) -> Path:
    """Write a recording of a plane wave from 120 degrees."""
    samples = np.rint(noisy_wave(120.0) * 9000).astype("<i2")
    with wave.open(str(folder / "hall.wav"), "wb") as file:
        file.setnchannels(6)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.T.tobytes())
    return folder / "hall.wav"


def test_the_model_carries_how_it_was_trained(learned: Path) -> None:
    _, record = load(learned / "small.keras")
    assert record["task"] == "azimuth"
    assert record["widths"] == [16, 16, 32]
    assert (record["epochs"], record["seed"]) == (20, 1)
    assert record["command"].startswith("otus ")
    assert [d["frames"] for d in record["data"]] == [252, 72]
    assert "keras" in record["versions"]


def test_recordings_make_a_trained_network_better(learned: Path, tmp_path: Path) -> None:
    tuned = tmp_path / "tuned.keras"
    result = otus(
        "train", learned / "train.npz", "--finetune", learned / "small.keras",
        "--recording", f"{hall(tmp_path)}=120", "--validation", learned / "test.npz",
        "--epochs", 2, "--json", "-o", tuned,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    values = json.loads(result.output)
    assert values["frames"] == 28  # 7 real ones are a quarter
    assert values["epochs"][0].startswith("azimuth: before: validation")
    _, record = load(tuned)
    assert record["recordings"] == [{"file": "hall.wav", "degrees": [120.0]}]
    assert record["tuned_from"]["epochs"] == 20


def test_a_network_goes_on_as_its_int8_file_computes(learned: Path, tmp_path: Path) -> None:
    aware = tmp_path / "aware.keras"
    result = otus(
        "train", learned / "train.npz", "--finetune", learned / "small.keras",
        "--quantisation-aware", "--epochs", 1, "-o", aware,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (before, _), (after, record) = load(learned / "small.keras"), load(aware)
    assert record["quantisation_aware"] is True
    assert [type(layer) for layer in after.layers] == [type(layer) for layer in before.layers]
    assert (after.get_weights()[0] != before.get_weights()[0]).any()


def test_what_cannot_be_learned_from_is_refused(learned: Path, tmp_path: Path) -> None:
    out, keras = tmp_path / "x.keras", learned / "small.keras"
    toy_set(frames=1).save(tmp_path / "one.npz")
    for arguments, code, message in (
        (["-o", out], 1, "nothing to learn from: give a data set"),
        (["--quantisation-aware", "-o", out], 1, "give the trained one with --finetune"),
        ([tmp_path / "none.npz", "-o", out], 1, "none.npz: no such file"),
        ([learned / "train.npz", "-o", tmp_path / "x.h5"], 1, "name it x.keras"),
        (["--recording", "hall.wav=120", "-o", out], 1, "give it with --finetune MODEL.keras"),
        (["--recording", "hall.wav", "-o", out], 2, "a file and its direction, e.g. hall.wav=120"),
        (["--recording", "hall.wav=nan", "-o", out], 2, "a file and its direction"),
        (["--finetune", keras, "--recording", "no.wav=1", "-o", out], 1, "no.wav: no such file"),
        (["--finetune", keras, "--task", "elevation", "-o", out], 1, "is for azimuth with widths"),
        ([tmp_path / "one.npz", "--task", "two-source", "-o", out], 1, "0 of 36 frames have the 2"),
        ([tmp_path / "one.npz", "--widths", "64,64", "-o", out], 2, "three integers from 1"),
        ([tmp_path / "one.npz", "--task", "range", "-o", out], 2, "'range' is not one of"),
    ):
        result = otus("train", *arguments)
        assert result.exit_code == code, result.output
        assert message in result.output.replace("\n", " ")
        assert "Traceback" not in result.output
    assert not out.exists()
