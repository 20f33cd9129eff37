"""What was last measured of each board: written by `matrix`, shown by `otus boards`."""

import json
from pathlib import Path
from typing import Any

from .board import Board, Setup
from .timing import Use

#: One object for each board and geometry: what `build` reports, and what `matrix` adds.
FILE = Path(__file__).with_name("measured.json")


def rows() -> list[dict[str, Any]]:
    """Return what was measured, or nothing."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def row(board: str, geometry: str) -> dict[str, Any] | None:
    """Return what was measured of a board with a geometry."""
    return next((r for r in rows() if (r["board"], r["geometry"]) == (board, geometry)), None)


def instead(board: Board, setup: Setup, use: dict[str, Use]) -> str:
    """Say which geometry to choose where one does not fit: the largest that was measured to.

    Parameters
        board, setup : what does not fit
        use : of the part's resources, by name
    """
    fitting = [
        row
        for row in rows()
        if row.get("family") == board.family.name
        and all(
            name in use and need["used"] <= use[name].available
            for name, need in row["resources"].items()
        )
    ]
    if not fitting:
        own = board.setups[0]
        if setup.geometry == own.geometry:
            return f"choose a smaller geometry than {own.array.name}: --geometry ROWSxCOLUMNS"
        return f"the board's own geometry is {own.geometry} ({own.array.name})"
    same = next((row for row in fitting if row["geometry"] == setup.geometry), None)
    if same:
        return (
            f"{setup.geometry} as the board {same['board']!r} has it fits: compare its Part "
            "(dsp_multipliers, single_port_weights) with this one's"
        )
    largest = max(fitting, key=lambda row: row["macs_per_cycle"])
    return (
        f"the largest named geometry that fits is {largest['geometry']} ({largest['array']}, "
        f"{largest['macs_per_cycle']} MACs a cycle)"
    )
