"""Floors: what is measured, and when one is missed."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from otus import models
from otus.doa import floors, recipe
from otus.doa.angles import Task
from otus.doa.baselines import NAMES
from otus.doa.dataset import Dataset
from otus.doa.errors import DatasetError
from otus.doa.evaluate import Estimate
from otus.doa.floors import FLOORS, Floor, Result, measure, table

from .conftest import ROOT, toy_set

pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")


def test_a_floor_is_measured_on_its_condition() -> None:
    (exact, within_one) = measure(Floor("azimuth", "easy", 50, 101), toy_set(frames=2))
    assert (exact.floor, exact.figure, exact.frames, exact.rooms) == (
        "azimuth, easy", "exact", 72, 36,
    )  # fmt: skip
    assert exact.met
    assert not within_one.met
    with pytest.raises(DatasetError, match="azimuth, hard: the test split holds no such frame"):
        measure(Floor("azimuth", "hard", 50, None), toy_set(frames=1))


def test_a_classical_method_is_given_the_same_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyroomacoustics", reason="the extra 'train' is not installed")
    monkeypatch.setattr(floors, "CLASSICAL", 4)
    (ahead,) = measure(Floor("azimuth", "easy", None, 6, beside="SRP-PHAT"), toy_set(frames=1))
    assert ahead.frames == 4
    assert abs(ahead.measured.value) <= 25
    assert ahead.floor == "azimuth, easy, points ahead of SRP-PHAT"


def test_the_classical_methods_are_asked_once_and_laid_out_beside_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def told(name: str, frames: Dataset, task: Task, *, progress: bool) -> NDArray[np.float64]:
        assert progress
        asked.append(name)
        return task.truth(frames.fields) + (30 if name == "MUSIC" else 0)

    monkeypatch.setattr(floors, "find", told)
    monkeypatch.setattr(floors, "COMPARED", ("azimuth", "easy"))
    toy = toy_set(frames=1)
    classical = floors.Classical(toy)
    floor = Floor("azimuth", "easy", None, 6, beside="SRP-PHAT")
    (ahead,) = measure(floor, toy, ROOT / "models", classical)
    assert ahead.measured.value <= 0
    lines = classical.table(ROOT / "models").splitlines()
    assert sorted(asked) == sorted(NAMES)
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| azimuth, int8"] + [
        f"| {name}" for name in NAMES
    ]
    assert "| MUSIC | 36 | 0.0 (0.0 to 0.0) | 0.0 (0.0 to 0.0) | 100.0" in lines[4]
    assert "| SRP-PHAT | 36 | 100.0" in lines[3]


def test_every_floor_is_of_a_recipe_whose_test_split_holds_it() -> None:
    for floor in FLOORS:
        test = recipe.RECIPES[floor.model].data.splits["test"]
        assert floor.condition in {c.name for c in test.conditions}


def test_the_table_says_by_how_much_a_floor_is_missed() -> None:
    some = Estimate(80.4, 75.0, 85.0)
    rows = [Result("azimuth, easy", "exact", least, some, 6412, 100) for least in (81, 80)]
    lines = table(rows).splitlines()
    assert lines[2].endswith("| 81 | 80.4 (75.0 to 85.0) | 6412 | 100 | missed by 0.6 |")
    assert lines[3].endswith("| met |")


def test_the_command_fails_where_a_floor_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    monkeypatch.setattr(floors, "FLOORS", (Floor("azimuth-small", "easy", 101, None),))
    monkeypatch.setattr(
        "sys.argv",
        ["floors", "--work", str(tmp_path), "--scale", "0.0125", "--model", "azimuth-small",
         "--output", str(tmp_path / "floors.md")],
    )  # fmt: skip
    with pytest.raises(SystemExit) as exit_:
        floors.main()
    assert exit_.value.code == 1
    row = "| azimuth-small, easy | exact | 101 |"
    assert row in capsys.readouterr().out
    assert row in (tmp_path / "floors.md").read_text()


def test_int8_is_compared_with_float32_in_every_condition() -> None:
    results = floors.losses("azimuth", ROOT / "models")
    assert all(r.least == -1 for r in results)
    assert np.isfinite([r.measured.value for r in results]).all()
    assert results
    assert all(r.met for name in models.names() for r in floors.losses(name, ROOT / "models"))
    assert f"| {results[0].measured.value:.2f} |" in table(results)
