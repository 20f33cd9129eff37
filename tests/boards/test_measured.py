"""What was measured: the file in the package is of boards and geometries that there are."""

import json
from pathlib import Path

import pytest

from otus.boards import all_boards, matrix, measured


def test_rows_are_of_boards_that_there_are() -> None:
    known = {(board.name, setup.geometry) for board in all_boards() for setup in board.setups}
    rows = measured.rows()
    assert {(row["board"], row["geometry"]) for row in rows} <= known
    assert len(rows) == len({(row["board"], row["geometry"]) for row in rows})


def test_the_page_is_made_of_the_rows() -> None:
    assert matrix.TABLE.read_text(encoding="utf-8") == matrix.table(measured.rows())


def test_a_row_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "FILE", tmp_path / "measured.json")
    rows = [{"board": "a", "geometry": "x", "n": n} for n in (1,)]
    measured.FILE.write_text(json.dumps(rows))
    assert measured.row("a", "x") == rows[0]
    assert measured.row("a", "y") is None
    assert measured.row("b", "x") is None
