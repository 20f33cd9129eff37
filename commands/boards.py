"""`otus boards`: which boards there are, and what was last measured of them."""

from typing import Any

from rich.table import Table

from ..boards import Board, Setup, all_boards, measured
from ..boards.design import link_pins
from ..boards.sources import fingerprint
from .report import render, show


def main(as_json: bool) -> None:
    """Print a row for each board and geometry."""
    values = {"boards": [row_of(b, s) for b in all_boards() for s in b.setups]}
    show(as_json, values, lambda: _text(values["boards"]))


def row_of(board: Board, setup: Setup) -> dict[str, Any]:
    """Collect what there is to say of a board with a geometry."""
    geometry = setup.array
    return {
        "board": board.name,
        "title": board.title,
        "part": board.device,
        "geometry": setup.geometry,
        "array": geometry.name,
        "macs_per_cycle": geometry.macs_per_cycle,
        "weight_bytes": geometry.weight_words * geometry.rows * geometry.columns,
        "clock_mhz": setup.clock_hz / 1e6,
        "link": {**link_pins(board.platform()), "baud": board.baud, "bridge": board.bridge},
        "sources": fingerprint(board, setup),
        "measured": measured.row(board.name, setup.geometry),
    }


def _text(rows: list[dict[str, Any]]) -> str:
    table = Table(box=None, header_style="bold")
    for heading in ("board", "part", "geometry", "array", "weights", "link", "last measured"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        link = row["link"]
        table.add_row(
            row["board"],
            row["part"],
            row["geometry"],
            row["array"],
            f"{row['weight_bytes']:,} B",
            f"rx {link['rx']}, tx {link['tx']}, {link['baud']:,} baud",
            _measured(row["measured"], row["sources"]),
        )
    return render(table) + "otus build BOARD makes the bitstream of a board.\n"


def _measured(row: dict[str, Any] | None, sources: str) -> str:
    """Say what was measured, and whether of the gateware at hand."""
    if row is None:
        return "-"
    if "fmax_mhz" not in row:
        return "failed"
    verdict = "" if row["bitstream"] else ", MISSED"
    age = "" if row["sources"] == sources else ", of other sources"
    return f"{row['fmax_mhz']['median']:g} of {row['clock_mhz']:g} MHz, {row['date']}{verdict}{age}"
