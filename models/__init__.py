"""Shipped models with their cards, and the demo recording."""

import json
from pathlib import Path
from typing import Any

#: This folder.
FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """List the names of the shipped models."""
    return sorted(path.stem for path in FOLDER.glob("*.tflite"))


def find(model: str) -> Path:
    """Return the file of a shipped model by its name, or of any model by its path."""
    return FOLDER / f"{model}.tflite" if model in names() else Path(model)


def card(model: Path) -> dict[str, Any] | None:
    """Read the card beside a model: task, features, data, accuracy; None where there is none."""
    path = model.with_suffix(".json")
    if not path.is_file():
        return None
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return card
