import json
import shutil
from pathlib import Path

import pytest

from otus.doa import card
from otus.doa.angles import TASKS
from otus.doa.definitions import UMA8
from otus.doa.errors import DefinitionError, ModelError
from otus.doa.recipe import RECIPES, Recipe

from .conftest import ROOT


@pytest.mark.parametrize(("name", "recipe"), RECIPES.items())
def test_the_shipped_card_belongs_to_its_model_and_tells_everything(
    name: str, recipe: Recipe
) -> None:
    described, definition = card.read(ROOT / f"models/{name}.json")
    assert definition == UMA8
    task = recipe.task
    assert described["task"] == task
    assert described["epochs"] == recipe.epochs
    assert described["classes"]["count"] == TASKS[task].count
    assert described["command"].startswith("python -m otus.doa.recipe")
    assert {"numpy", "pyroomacoustics", "keras", "ai-edge-litert"} <= set(described["versions"])
    assert [d["split"] for d in described["data"]] == ["train", "validation", "test"]
    assert {"seed", "epochs", "speech", "sound_gate"} <= set(described)


@pytest.mark.parametrize(
    ("name", "exact", "within"), [("azimuth", 78, 95), ("azimuth-small", 74, 94)]
)
def test_the_shipped_azimuth_model_is_accurate_enough(name: str, exact: int, within: int) -> None:
    described, _ = card.read(ROOT / f"models/{name}.json")
    easy = next(s for s in described["accuracy"]["scores"] if s["name"] == "easy")
    assert easy["frames"] >= 2000
    assert easy["rooms"] >= 30
    assert easy["exact"][0] >= exact
    assert easy["within_one"][0] >= within


@pytest.mark.parametrize("name", list(RECIPES))
def test_the_documented_figures_are_those_of_the_card(name: str) -> None:
    described, _ = card.read(ROOT / f"models/{name}.json")
    text = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    for score in described["accuracy"]["scores"]:
        cells = [score["name"], str(score["frames"]), str(score["rooms"])]
        for figure in ("exact", "within_one", "mean_error", "median_error"):
            value, low, high = score[figure]
            cells.append(f"{value:.1f} ({low:.1f} to {high:.1f})")
        if "," not in score["name"]:
            assert f"| {' | '.join(cells)} |" in text


def test_versions_name_this_python() -> None:
    assert card.versions()["python"].startswith("3.")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the azimuth model's card, with the model beside it."""
    for name in ("azimuth.json", "azimuth.tflite"):
        shutil.copy(ROOT / "models" / name, tmp_path)
    return tmp_path / "azimuth.json"


def test_a_card_whose_model_is_missing_or_another_is_refused(copied: Path) -> None:
    assert card.read(copied)[1] == UMA8
    model = copied.with_suffix(".tflite")
    model.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(ModelError, match=r"not the model that azimuth\.json describes"):
        card.read(copied)
    model.unlink()
    with pytest.raises(ModelError, match=r"azimuth\.tflite: not the model"):
        card.read(copied)


@pytest.mark.parametrize("text", ["hello", "[]", '{"task": "azimuth"}'])
def test_what_is_not_a_card_is_refused(copied: Path, text: str) -> None:
    copied.write_text(text)
    with pytest.raises(ModelError, match=r"azimuth\.json: not a model card"):
        card.read(copied)


def test_a_card_with_an_unusable_definition_is_refused(copied: Path) -> None:
    described = json.loads(copied.read_text())
    described["features"]["max_lag"] = 2
    copied.write_text(json.dumps(described))
    with pytest.raises(DefinitionError, match="max_lag: got 2"):
        card.read(copied)
