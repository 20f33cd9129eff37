"""`otus models`: the list, a card, and names that every command takes."""

import json
import shutil
from pathlib import Path

import pytest

from otus import models
from otus.commands.models import fill, summary
from otus.doa import card
from otus.doa.recipe import RECIPES

from .conftest import otus


def test_every_model_is_listed_with_its_figures() -> None:
    result = otus("models", "--json")
    assert result.exit_code == 0, result.output
    rows = {row["name"]: row for row in json.loads(result.output)["models"]}
    assert list(rows) == models.names()
    for name, row in rows.items():
        assert row["task"] == RECIPES[name].task
        assert row["array"] == RECIPES[name].data.definition.array.name
        assert row["geometry"] == "8x8"
        assert row["cycles"] > 0
        assert row["accuracy"]
    text = otus("models").output
    for name, row in rows.items():
        assert name in text
        assert str(row["cycles"]) in text
    assert "13x15 -> 36" in text


@pytest.mark.parametrize("name", models.names())
def test_a_card_is_shown_and_its_name_compiles(name: str) -> None:
    text = otus("models", name).output
    assert text.startswith(f"{name}: {RECIPES[name].task}, ")
    for word in ("parameters, int8", "cycles", "sha256", "data       train:", "within one"):
        assert word in text
    cycles = json.loads(otus("models", name, "--json").output)["cycles"]
    assert json.loads(otus("compile", name, "--json").output)["cycles_predicted"] == cycles


def test_cards_and_their_page_are_told_the_cycles(tmp_path: Path) -> None:
    for file in ("azimuth-small.json", "azimuth-small.tflite"):
        shutil.copy(models.FOLDER / file, tmp_path)
    before = json.loads((tmp_path / "azimuth-small.json").read_text(encoding="utf-8"))
    fill(tmp_path)
    after, _ = card.read(tmp_path / "azimuth-small.json")
    row = summary("azimuth-small")
    assert after == before | {"cycles": {"8x8": row["cycles"]}}
    assert f"4,788 parameters, {row['cycles']:,} cycles at 8x8; `python -m" in (
        tmp_path / "README.md"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", models.names())
def test_a_card_tells_the_cycles_of_its_model(name: str) -> None:
    described, _ = card.read(models.FOLDER / f"{name}.json")
    assert described["cycles"] == {"8x8": summary(name)["cycles"]}


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    result = otus("models", "azimut")
    assert result.exit_code == 1
    assert "model 'azimut' is not known; known: azimuth" in result.output
