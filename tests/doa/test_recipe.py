"""The data sets of the recipe, and the judgement of the shipped models."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from otus.doa import card, recipe
from otus.doa.dataset import Dataset
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError

from .conftest import toy_set


def test_data_sets_are_made_once_and_not_confused(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    made = recipe.data("test", tmp_path, seed=3, scale=0.005)
    assert made.meta["rooms"] == 2
    stamp = (tmp_path / "test.npz").stat().st_mtime_ns
    assert len(recipe.data("test", tmp_path, seed=3, scale=0.005)) == len(made)
    assert (tmp_path / "test.npz").stat().st_mtime_ns == stamp
    with pytest.raises(DatasetError, match="seed 3 and 2 rooms, wanted are seed 4"):
        recipe.data("test", tmp_path, seed=4, scale=0.005)


def test_shipped_models_are_judged_on_new_rooms(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
    scores = recipe.judge(tmp_path, scale=0.02, seed=77)
    assert list(scores) == ["azimuth", "azimuth-small", "elevation"]
    easy = next(s for s in scores["azimuth"] if s.name == "easy")
    assert easy.rooms == 2
    assert easy.within_one.value > 75


# Keras 3 converts its variables in a way that NumPy 2 is going to change.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_recipe_writes_models_and_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")

    def toy(split: str, folder: Path, **_: Any) -> Dataset:
        folder.mkdir(exist_ok=True)
        return toy_set(seed=len(split))

    monkeypatch.setattr(recipe, "data", toy)
    monkeypatch.setattr(card, "espeak_version", lambda: "none")
    monkeypatch.setattr(recipe, "RECIPES", {"tiny": recipe.Recipe("elevation", 1, (4, 4, 8))})
    recipe.cook(tmp_path / "work", tmp_path / "out", names=["tiny"], scale=0.5)
    described, definition = card.read(tmp_path / "out/tiny.json")
    assert definition == UMA8
    assert described["command"] == "python -m otus.doa.recipe --seed 1 --scale 0.5"
    assert (described["task"], described["classes"]["count"]) == ("elevation", 10)
    content = (tmp_path / "out/tiny.tflite").read_bytes()
    assert described["sha256"] == hashlib.sha256(content).hexdigest()
    assert [d["frames"] for d in described["data"]] == [len(toy_set())] * 3
    assert described["accuracy"]["scores"][0]["name"] == "easy"
    assert "| easy |" in capsys.readouterr().out


def test_the_command_says_what_is_wrong_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toy_set().save(tmp_path / "test.npz")
    monkeypatch.setattr(
        "sys.argv", ["recipe", "--evaluate", "--work", str(tmp_path), "--seed", "5"]
    )
    with pytest.raises(SystemExit) as exit_:
        recipe.main()
    assert exit_.value.code == 1
    err = capsys.readouterr().err
    assert "made with seed 0 and 36 rooms, wanted are seed 5 and 400 rooms; remove it" in err
    assert "Traceback" not in err
