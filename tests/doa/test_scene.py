import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from otus.doa import scene
from otus.doa.definitions import UMA8
from otus.doa.recording import active, read

from .conftest import ROOT


def test_the_shipped_recording_is_small_and_as_its_truth_says() -> None:
    path = ROOT / "models/demo.flac"
    assert path.stat().st_size < 1_500_000
    samples, fs = read(path)
    assert samples.dtype == np.int16
    truth = json.loads((ROOT / "models/demo.json").read_text())
    assert (truth["fs"], truth["array"], truth["recording"]) == (fs, "uma8", "demo.flac")
    frames = UMA8.frames(samples)
    sounding = active(frames)
    times = UMA8.times(len(frames))
    spoken = np.zeros(len(frames), dtype=np.bool_)
    for s in truth["segments"]:
        inside = (times >= s["start"]) & (times < s["end"])
        assert sounding[inside].mean() > 0.6
        spoken |= inside
    assert sounding[spoken].mean() > 2 * sounding[~spoken].mean()
    azimuths = [s["azimuth"] for s in truth["segments"]]
    assert len(azimuths) >= 5
    assert any(min(a, 360 - a) < 5 for a in azimuths)


def test_the_command_makes_the_recording_again(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    made = scene.make(tmp_path)
    truth = json.loads(made.with_suffix(".json").read_text())
    shipped = json.loads((ROOT / "models/demo.json").read_text())
    if truth["speech"] != shipped["speech"]:
        pytest.skip("another version of espeak-ng speaks otherwise")
    assert truth == shipped
    a, b = read(made)[0].astype(float), read(ROOT / "models/demo.flac")[0].astype(float)
    assert a.shape == b.shape
    assert np.abs(a - b).max() <= 2
