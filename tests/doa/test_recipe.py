"""The shipped cards, and the data sets of the recipe (cooking itself: test_train.py)."""

import shutil
from pathlib import Path

import pytest

from otus.doa import recipe
from otus.doa.angles import TASKS
from otus.doa.errors import DatasetError
from otus.doa.features import FeatureDefinition

from .conftest import ROOT


@pytest.mark.parametrize("task", list(TASKS))
def test_the_shipped_card_belongs_to_its_model_and_tells_everything(task: str) -> None:
    card, definition = recipe.read_card(ROOT / f"models/{task}.json")
    assert definition == FeatureDefinition()
    assert card["task"] == task
    assert card["classes"]["count"] == TASKS[task].count
    assert card["command"].startswith("python -m otus.doa.recipe")
    assert {"numpy", "pyroomacoustics", "keras", "ai-edge-litert"} <= set(card["versions"])
    assert [d["split"] for d in card["data"]] == ["train", "validation", "test"]
    assert {"seed", "epochs", "speech", "sound_gate"} <= set(card)


def test_the_shipped_azimuth_model_is_accurate_enough() -> None:
    card, _ = recipe.read_card(ROOT / "models/azimuth.json")
    easy = next(s for s in card["accuracy"]["scores"] if s["name"] == "easy")
    assert easy["frames"] >= 2000
    assert easy["rooms"] >= 30
    assert easy["exact"][0] >= 78
    assert easy["within_one"][0] >= 95


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


def test_versions_name_this_python() -> None:
    assert recipe.versions()["python"].startswith("3.")
