"""`otus dataset`: the file it makes, what it says, and what it refuses."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from otus.cli import main
from otus.doa.dataset import Dataset

SMALL = ("--rooms", "2", "--clips", "1", "--no-speech", "--workers", "1")


def otus(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["dataset", *map(str, arguments)])


def test_a_set_is_made_and_told(tmp_path: Path) -> None:
    out = tmp_path / "a.npz"
    result = otus(out, *SMALL, "--condition", "easy", "--condition", "reference", "--audio")
    assert result.exit_code == 0, result.output
    made = Dataset.load(out)
    for part in (
        str(out),
        "easy, reference",
        f"{len(made)} of 13 lags x 15 pairs",
        "noise and bur",
    ):
        assert part in result.stdout
    assert made.audio is not None
    assert made.audio.shape == (len(made), 6, 2048)
    again = otus(out, *SMALL, "--condition", "easy", "--condition", "reference", "--audio")
    assert "it was there already" in again.stdout


def test_json_has_everything(tmp_path: Path) -> None:
    array = tmp_path / "desk.toml"
    array.write_text('name = "desk"\nradius = 0.03\nmics = 3\n[features]\nmax_lag = 9\n')
    out = tmp_path / "a.npz"
    result = otus(out, *SMALL, "--array", array, "--split", "validation", "--seed", 5, "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert (values["split"], values["seed"], values["rooms"]) == ("validation", 5, 2)
    assert values["features"] == [19, 3]
    assert values["made_by"]["versions"]["numpy"] == np.__version__
    assert values["bytes"] == out.stat().st_size
    assert Dataset.load(out).definition.array.name == "desk"


def test_the_bench_counts_frames_a_second() -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    result = otus("--bench", "--rooms", "1", "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values["longest_rt60"] == 0.8
    assert values["frames"] > 20
    assert values["frames_per_second_and_core"] > 1
    assert "frames a second on one core" in otus("--bench", "--rooms", "1").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "OUT: got nothing, allowed is a file NAME.npz"),
        (("a.npy",), "OUT: got a.npy"),
        (("a.npz", "--condition", "esay"), "condition 'esay' is not known; did you mean 'easy'?"),
        (("a.npz", "--array", "uma9"), "array 'uma9' is not known; did you mean 'uma8'?"),
        (("a.npz", "--array", "none.toml"), "none.toml: no such file"),
        (("a.npz", "--source-folder", "none"), "none: no such folder"),
        (("a.npz", "--source-folder", "none", "--no-speech"), "contradict each other"),
    ],
)
def test_what_cannot_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = otus(*arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert not list(tmp_path.iterdir())


def test_without_espeak_the_error_has_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = otus(tmp_path / "a.npz")
    assert result.exit_code == 1
    assert "apt-get install espeak-ng" in result.output
    assert "--no-speech" in result.output
