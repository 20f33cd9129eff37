"""What was last measured of each board: written by `matrix`, shown by `otus boards`."""

import json
from pathlib import Path
from typing import Any

#: One object for each board and geometry: what `build` reports, and what `matrix` adds.
FILE = Path(__file__).with_name("measured.json")


def rows() -> list[dict[str, Any]]:
    """Return what was measured, or nothing."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def row(board: str, geometry: str) -> dict[str, Any] | None:
    """Return what was measured of a board with a geometry."""
    return next((r for r in rows() if (r["board"], r["geometry"]) == (board, geometry)), None)
