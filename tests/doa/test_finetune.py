"""Real recordings as frames to learn from."""

import wave
from pathlib import Path

import numpy as np
import pytest
from toys import noisy_wave

from otus.doa.angles import task
from otus.doa.dataset import Dataset
from otus.doa.definitions import UMA8, preset
from otus.doa.errors import DatasetError, RecordingError
from otus.doa.finetune import REAL_SHARE, mixed, recorded

from .conftest import toy_set


def recording(path: Path, azimuth: float) -> Path:
    """Write a WAV file of a plane wave."""
    samples = np.rint(noisy_wave(azimuth) * 9000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(6)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.T.tobytes())
    return path


def test_recordings_become_frames_with_labels(tmp_path: Path) -> None:
    labels = {recording(tmp_path / f"{a}.wav", a): (float(a),) for a in (20, 300)}
    real = recorded(labels, task("azimuth"), UMA8)
    assert real.features.shape == (14, 13, 15)
    assert real["azimuth"].tolist() == [20] * 7 + [300] * 7
    assert real["room"].tolist() == [0] * 7 + [1] * 7
    assert np.isnan(real["elevation"]).all()
    assert task("azimuth").fits(real.fields).all()
    assert not task("elevation").fits(real.fields).any()


def test_two_directions_are_two_sources(tmp_path: Path) -> None:
    labels = {recording(tmp_path / "x.wav", 20): (20.0, 200.0)}
    real = recorded(labels, task("two-source"), UMA8)
    assert task("two-source").truth(real.fields)[0].tolist() == [20, 200]
    with pytest.raises(RecordingError, match=r"x\.wav: got 2 direction.*azimuth needs 1"):
        recorded(labels, task("azimuth"), UMA8)
    with pytest.raises(DatasetError, match="no recordings"):
        recorded({}, task("azimuth"), UMA8)


@pytest.mark.parametrize(
    ("name", "degrees", "allowed"),
    [
        ("azimuth", 400, "-180 to 360"),
        ("azimuth-360", -181, "-180 to 360"),
        ("azimuth", float("nan"), "-180 to 360"),
        ("elevation", 200, "0 to 90"),
        ("elevation", -1, "0 to 90"),
    ],
)
def test_directions_that_there_are_not_are_refused(
    name: str, degrees: float, allowed: str, tmp_path: Path
) -> None:
    file = recording(tmp_path / "hall.wav", 20)
    kind = "elevation" if name == "elevation" else "azimuth"
    with pytest.raises(RecordingError, match=f"hall.wav: got {kind} .*, allowed are {allowed}"):
        recorded({file: (degrees,)}, task(name), UMA8)
    assert len(recorded({file: (-90.0,)}, task("azimuth"), UMA8)) == 7
    assert len(recorded({file: (90.0,)}, task("elevation"), UMA8)) == 7


def test_simulated_frames_are_mixed_in(tmp_path: Path) -> None:
    real = recorded({recording(tmp_path / "x.wav", 20): (20.0,)}, task("azimuth"), UMA8)
    both = mixed(real, toy_set(), task("azimuth"), seed=1)
    assert len(both) == round(len(real) / REAL_SHARE)
    assert both["azimuth"][: len(real)].tolist() == [20] * len(real)
    assert len(set(both["azimuth"][len(real) :].tolist())) > 10
    square = {"split": "x", "features": preset("respeaker4").to_dict()}
    other = Dataset(real.features[:, :, :6], real.fields, square)
    with pytest.raises(DatasetError, match="other features"):
        mixed(other, toy_set(), task("azimuth"), seed=1)
    with pytest.raises(DatasetError, match="no simulated frame fits the task azimuth"):
        mixed(real, toy_set(sources=2, frames=1), task("azimuth"), seed=1)
