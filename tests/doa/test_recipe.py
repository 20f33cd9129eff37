"""The data sets of the recipe, and the judgement of the shipped models."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from otus.doa import card, recipe, school
from otus.doa.dataset import Dataset
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError
from otus.doa.litert import reference

from .conftest import toy_set


def test_data_sets_are_made_once_and_not_confused(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    of, kept = recipe.RESPEAKER4, tmp_path / "respeaker4/test.npz"
    made = recipe.data(of, "test", tmp_path, seed=3, scale=0.005)
    assert made.meta["rooms"] == 2
    assert made.audio is None
    stamp = kept.stat().st_mtime_ns
    assert len(recipe.data(of, "test", tmp_path, seed=3, scale=0.005)) == len(made)
    assert kept.stat().st_mtime_ns == stamp
    with pytest.raises(DatasetError, match="seed 3, wanted is 4"):
        recipe.data(of, "test", tmp_path, seed=4, scale=0.005)


def test_classical_methods_get_samples_of_the_test_split(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    made = recipe.data(recipe.UMA8, "classical", tmp_path, seed=3, scale=0.01)
    assert made.meta["split"] == "test"
    assert made.audio is not None


def test_shipped_models_are_judged_on_new_rooms(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
    scores = recipe.judge(tmp_path, names=["azimuth"], scale=0.006, seed=77)
    easy = next(s for s in scores["azimuth"] if s.name == "easy")
    assert easy.rooms == 2
    assert easy.within_one.value > 75


# Keras 3 converts its variables in a way that NumPy 2 is going to change.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_recipe_writes_models_and_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")

    def toy(_: recipe.Data, split: str, *__: Any, **___: Any) -> Dataset:
        return toy_set(seed=len(split))

    tiny = recipe.Recipe("elevation", recipe.UMA8, 1, 1, (4, 4, 8))
    monkeypatch.setattr(recipe, "data", toy)
    monkeypatch.setattr(recipe, "RECIPES", {"tiny": tiny})
    recipe.cook(tmp_path / "work", tmp_path / "out", names=["tiny"], scale=0.5)
    described, definition = card.read(tmp_path / "out/tiny.json")
    assert definition == UMA8
    assert described["command"] == "python -m otus.doa.recipe --seed 1 --scale 0.5"
    assert (described["task"], described["classes"]["count"]) == ("elevation", 10)
    assert (described["epochs"], described["quantisation_aware_epochs"]) == (1, 1)
    assert described["made_by"]["speech"] == "none"
    content = (tmp_path / "out/tiny.tflite").read_bytes()
    assert described["sha256"] == hashlib.sha256(content).hexdigest()
    assert [d["frames"] for d in described["data"]] == [len(toy_set())] * 3
    assert described["accuracy"]["scores"][0]["name"] == "easy"
    assert described["accuracy"]["float32"][0]["name"] == "easy"
    assert "## tiny" in (tmp_path / "out/README.md").read_text()
    assert "| easy |" in capsys.readouterr().out
    # A network that was trained in just this way is not trained again.
    monkeypatch.setattr(school, "train", None)
    recipe.cook(tmp_path / "work", tmp_path / "again", names=["tiny"], scale=0.5)
    x = toy_set(frames=1).features
    again = reference(tmp_path / "again/tiny.tflite")(x)
    np.testing.assert_array_equal(again, reference(content)(x))
    with pytest.raises(TypeError):
        recipe.cook(tmp_path / "work", tmp_path / "again", names=["tiny"], seed=2, scale=0.5)


def test_the_command_says_what_is_wrong_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "uma8").mkdir()
    toy_set().save(tmp_path / "uma8/test.npz")
    monkeypatch.setattr(
        "sys.argv", ["recipe", "--evaluate", "--work", str(tmp_path), "--seed", "5"]
    )
    with pytest.raises(SystemExit) as exit_:
        recipe.main()
    assert exit_.value.code == 1
    err = capsys.readouterr().err
    assert "test.npz: made with other settings (seed 0, wanted is 5; " in err
    assert "Traceback" not in err
