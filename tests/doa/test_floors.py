"""Floors: what is measured, and when one is missed."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from otus import models
from otus.doa import floors, recipe
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
