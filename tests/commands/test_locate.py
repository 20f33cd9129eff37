"""`otus locate` as its users meet it."""

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
import soundfile
from click.testing import CliRunner, Result
from toys import noisy_wave

from otus import models
from otus.cli import main
from otus.doa import card

AZIMUTH = models.find("azimuth")
DEMO = models.FOLDER / "demo.flac"
WORDS = (40, 125, 357, 250, 190)


def locate(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["locate", *map(str, arguments), "--device", "golden"])


def told(*arguments: object) -> Any:
    result = locate(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*arguments: object, code: int = 1) -> str:
    result = locate(*arguments)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def record(path: Path, samples: Any = None, fs: int = 16_000) -> Path:
    """Write a WAV file; a wave from azimuth 23 if no samples are given."""
    soundfile.write(path, (noisy_wave(23.0) if samples is None else samples).T, fs, subtype="FLOAT")
    return path


def apart(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def test_the_demo_voices_are_found_and_drawn(tmp_path: Path) -> None:
    plot = tmp_path / "p.png"
    values = told(DEMO, "--plot", plot)
    assert values["notes"] == []
    assert set(values["models"]) == {"azimuth", "elevation"}
    heard = [f for f in values["frames"] if f["active"]]
    for word in WORDS:
        assert sum(apart(f["azimuth"], word) <= 10 for f in heard) > 10, word
    for f in values["frames"]:
        assert f["active"] == (f["state"] == "heard") == (len(f["directions"]) == 1)
        assert (f["azimuth"] is None) == (not f["active"])
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_table_and_comma_separated_values_say_the_same() -> None:
    shown = locate(DEMO).output
    assert "azimuth" in shown
    assert "silent" in shown
    assert any("357°" in line or " 0°" in line for line in shown.splitlines())
    rows = list(csv.DictReader(locate(DEMO, "--csv").stdout.splitlines()))
    frames = told(DEMO)["frames"]
    assert f"{sum(f['active'] for f in frames)} of {len(frames)} frames have a direction" in shown
    assert list(rows[0]) == ["time", "state", "azimuth", "elevation", "confidence"]
    assert len(rows) == len(frames)
    for row, frame in zip(rows, frames, strict=True):
        assert row["state"] == frame["state"]
        assert float(row["time"]) == pytest.approx(frame["time"], abs=1e-3)
        if frame["active"]:
            assert apart(float(row["azimuth"]), frame["azimuth"]) < 0.06
            assert float(row["confidence"]) == pytest.approx(frame["confidence"], abs=1e-3)
        else:
            assert (row["azimuth"], row["elevation"], row["confidence"]) == ("", "", "")


@pytest.mark.parametrize("name", models.names())
def test_every_shipped_model_has_its_name(name: str, tmp_path: Path) -> None:
    described, definition = card.read(models.FOLDER / f"{name}.json")
    path = DEMO
    if definition.array.name != "uma8":
        path = record(tmp_path / "wave.wav", noisy_wave(WORDS[0], array=definition.array))
    result = locate(path, "--model", name, "--average", "8", "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert described["task"] in values["models"]
    heard = [f["directions"] for f in values["frames"] if f["active"]]
    assert heard
    if described["task"] == "elevation":
        assert all(d["azimuth"] is None for f in heard for d in f)
    else:
        for word in WORDS if path == DEMO else WORDS[:1]:
            assert sum(apart(f[0]["azimuth"], word) <= 20 for f in heard) > 5, word
    assert {len(f) for f in heard} <= ({1, 2} if described["task"] == "two-source" else {1})


def test_the_average_smooths() -> None:
    spread = []
    for average in (1, 8):
        heard = [f["azimuth"] for f in told(DEMO, "--average", average)["frames"] if f["active"]]
        steps = [apart(a, b) for a, b in pairwise(heard)]
        spread.append(float(np.mean(steps)))
    assert spread[1] < spread[0]


def test_all_turns_of_the_array_are_heard_if_wanted() -> None:
    once, turned = told(DEMO), told(DEMO, "--turns")
    frames = sum(f["active"] for f in once["frames"])
    assert [v["models"]["azimuth"]["frames"] for v in (once, turned)] == [frames, 6 * frames]
    for word in WORDS:
        heard = [f["azimuth"] for f in turned["frames"] if f["active"]]
        assert sum(apart(a, word) <= 10 for a in heard) > 10, word


def test_networks_that_do_not_fit_together_take_turns() -> None:
    beside, in_turn = told(DEMO), told(DEMO, "--geometry", "ecp5-25f")
    assert set(in_turn["models"]) == {"azimuth", "elevation"}
    assert in_turn["frames"] == beside["frames"]


def test_the_elevation_can_be_left_out_or_chosen() -> None:
    assert set(told(DEMO, "--elevation-model", "none")["models"]) == {"azimuth"}
    both = told(DEMO, "--model", "azimuth-small", "--elevation-model", "elevation")
    assert set(both["models"]) == {"azimuth", "elevation"}
    message = refused(DEMO, "--model", "elevation", "--elevation-model", "elevation")
    assert "elevation tells elevation, and no elevation goes with that" in message
    message = refused(DEMO, "--elevation-model", "azimuth")
    assert "tells azimuth, not elevation" in message


def test_what_was_put_right_is_noted(tmp_path: Path) -> None:
    x = scipy.signal.resample_poly(noisy_wave(23.0), 3, 1, axis=1)
    x[2] += 0.3
    path = record(tmp_path / "r.wav", x, 48_000)
    notes = told(path)["notes"]
    assert "channel 2 (from 0): an offset of up to 0.3" in notes[0]
    assert notes[1] == "resampled from 48000 Hz to 16000 Hz, the model's rate"
    assert f"note: {notes[1]}" in locate(path).output
    printed = locate(path, "--csv")
    assert notes[1] in printed.stderr
    assert "note" not in printed.stdout


@pytest.mark.parametrize(
    ("samples", "fs", "words"),
    [
        (noisy_wave(23.0)[:5], 16_000, "5 channels, the array 'uma8' has 6 microphones; record"),
        (noisy_wave(23.0), 8_000, "sample rate 8000 Hz, the model needs 16000 Hz or more"),
        (noisy_wave(23.0)[:, :800], 16_000, "one frame needs 2048"),
        (noisy_wave(23.0)[[0, 1, 2, 3, 4, 0]], 16_000, "channels 0 and 5 (from 0) hold the same"),
        (noisy_wave(23.0) + np.nan, 16_000, "not a number"),
        (noisy_wave(23.0) * 0, 16_000, "silent: every sample"),
    ],
    ids=["channels", "sample rate", "too short", "doubled", "not a number", "silent"],
)
def test_recordings_that_do_not_fit_are_refused(
    tmp_path: Path, samples: Any, fs: int, words: str
) -> None:
    path = record(tmp_path / "r.wav", samples, fs)
    message = refused(path)
    assert f"{path}: " in message
    assert words in message


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = record(tmp_path / "r.wav").read_bytes()
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole[: len(whole) // 2])
    assert "truncated" in refused(cut)
    cut.write_bytes(b"no sound at all")
    assert "cut.wav" in refused(cut)
    assert "no such file" in refused(tmp_path / "none.wav")
    said = refused(record(tmp_path / "a.wav"), "--model", "azimut")
    assert "azimut: no such model; give a .tflite file, or one of azimuth, az" in said


def test_models_need_their_card(tmp_path: Path) -> None:
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(AZIMUTH.read_bytes())
    message = refused(DEMO, "--model", bare)
    assert "bare.json" in message
    assert "feature definition" in message
    assert "azimuth-small" in refused(DEMO, "--model", "azimut")
    changed = tmp_path / "changed.tflite"
    changed.write_bytes(AZIMUTH.read_bytes() + b"\0")
    changed.with_suffix(".json").write_bytes(AZIMUTH.with_suffix(".json").read_bytes())
    assert "not the model that changed.json describes" in refused(DEMO, "--model", changed)


def test_two_formats_at_once_are_wrong_usage() -> None:
    assert "--json and --csv exclude each other" in refused(DEMO, "--json", "--csv", code=2)
