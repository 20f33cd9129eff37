"""`otus boards`: the list, for people and for machines."""

import json

import pytest
from click.testing import CliRunner

from otus.boards import all_boards, measured
from otus.boards.sources import fingerprint
from otus.cli import main


def test_the_list_has_every_board_and_geometry() -> None:
    result = CliRunner().invoke(main, ["boards"])
    assert result.exit_code == 0, result.output
    for board in all_boards():
        for setup in board.setups:
            assert any(
                line.split()[:3] == [board.name, board.device, setup.geometry]
                for line in result.output.splitlines()
            ), result.output
    # Narrow columns wrap.
    assert "rx M1, tx L4," in result.output
    assert "3,000,000" in result.output


def test_json_has_link_capacity_and_measurement() -> None:
    result = CliRunner().invoke(main, ["boards", "--json"])
    rows = {(r["board"], r["geometry"]): r for r in json.loads(result.stdout)["boards"]}
    row = rows["orangecrab-85f", "ecp5-85f"]
    assert row["link"]["rx"] == "N17"
    assert row["link"]["tx"] == "M18"
    assert "TXD to pin 0" in row["link"]["bridge"]
    assert row["weight_bytes"] == 16 * 16 * 1024
    assert row["measured"] == measured.row("orangecrab-85f", "ecp5-85f")


def test_what_was_measured_of_other_sources_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    board = all_boards()[0]
    setup = board.setups[0]
    row = {
        "board": board.name,
        "geometry": setup.geometry,
        "bitstream": {},
        "clock_mhz": 24.0,
        "date": "2026-01-02",
        "fmax_mhz": {"median": 30.0},
        "sources": fingerprint(board, setup),
    }
    marked = []
    for sources in (row["sources"], "of before"):
        monkeypatch.setattr(measured, "rows", lambda now=sources: [{**row, "sources": now}])
        result = CliRunner().invoke(main, ["boards"])
        assert result.exit_code == 0, result.output
        # Narrow columns wrap.
        marked.append("other" in result.output.split())
    assert marked == [False, True]
