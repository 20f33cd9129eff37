import json
import shutil
from pathlib import Path

import pytest

from otus import models
from otus.doa import card
from otus.doa.angles import TASKS
from otus.doa.definitions import UMA8
from otus.doa.errors import DefinitionError, ModelError
from otus.doa.recipe import RECIPES

from .conftest import ROOT


@pytest.mark.parametrize("name", models.names())
def test_the_shipped_card_belongs_to_its_model_and_tells_everything(name: str) -> None:
    described, definition = card.read(ROOT / f"models/{name}.json")
    recipe = RECIPES[name]
    assert definition == recipe.data.definition
    task = recipe.task
    assert described["task"] == task
    assert described["classes"]["count"] == TASKS[task].classes.count
    assert described["command"].startswith("python -m otus.doa.recipe")
    assert {"numpy", "pyroomacoustics", "keras", "ai-edge-litert"} <= set(described["versions"])
    assert [d["split"] for d in described["data"]] == ["train", "validation", "test"]
    assert {"seed", "sound_gate", "sha256"} <= set(described)
    assert described["widths"] == list(recipe.widths)
    lags, pairs = definition.shape
    first, second, hidden = recipe.widths
    assert described["parameters"] == (
        (3 * pairs + 1) * first
        + (3 * first + 1) * second
        + ((lags - 4) // 2 * second + 1) * hidden
        + (hidden + 1) * TASKS[task].classes.count
    )


@pytest.mark.parametrize(
    ("name", "exact", "within"), [("azimuth", 79, 96), ("azimuth-small", 75, 95)]
)
def test_the_shipped_azimuth_model_is_accurate_enough(name: str, exact: int, within: int) -> None:
    described, _ = card.read(ROOT / f"models/{name}.json")
    easy = next(s for s in described["accuracy"]["scores"] if s["name"] == "easy")
    assert easy["frames"] >= 2000
    assert easy["rooms"] >= 30
    assert easy["exact"][0] >= exact
    assert easy["within_one"][0] >= within


def test_the_documented_figures_are_those_of_the_cards() -> None:
    page = card.page(ROOT / "models")
    assert (ROOT / "models/README.md").read_text(encoding="utf-8") == page
    for name in models.names():
        assert f"\n## {name}\n" in page
    described, _ = card.read(ROOT / "models/azimuth.json")
    easy = next(s for s in described["accuracy"]["scores"] if s["name"] == "easy")
    assert f"| easy | {easy['frames']} | {easy['rooms']} | {easy['exact'][0]:.1f} (" in page
    assert "easy, " not in page


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


def test_a_card_tells_what_made_it() -> None:
    record = {"task": "azimuth", "widths": [16, 16, 32]}
    described = card.describe(b"model", record, 4788, speech="eSpeak NG 1.51")
    assert described["made_by"]["speech"] == "eSpeak NG 1.51"
    assert described["made_by"]["otus"]
