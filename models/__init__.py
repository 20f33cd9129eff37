"""Shipped models with their cards, and the demo recording."""

from pathlib import Path

#: This folder.
FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """List the names of the shipped models."""
    return sorted(path.stem for path in FOLDER.glob("*.tflite"))


def find(model: str) -> Path:
    """Return the file of a shipped model by its name, or of any model by its path."""
    return FOLDER / f"{model}.tflite" if model in names() else Path(model)
