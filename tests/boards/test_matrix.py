"""The matrix: rows, the table, and what fits where."""

import json
from pathlib import Path
from typing import Any

import pytest

from otus.arch.geometry import NAMED, Geometry
from otus.boards import find, matrix, measured
from otus.boards.build import TimingError
from otus.boards.errors import BoardError
from otus.boards.tools import LIMIT

REPORT: dict[str, Any] = {
    "board": "icebreaker",
    "device": "iCE40UP5K-SG48",
    "family": "ice40",
    "geometry": "up5k",
    "array": "4x2x2",
    "macs_per_cycle": 16,
    "build": "01234567",
    "clock_mhz": 24.0,
    "fmax_mhz": {"median": 26.5, "best": 27.0, "worst": 23.0},
    "seeds": [
        {"seed": 1, "fmax_mhz": 27.0, "met": True},
        {"seed": 2, "fmax_mhz": 23, "met": False},
    ],
    "critical_path": [
        {"name": "core.a", "logic_ns": 1.5, "routing_ns": 2.0},
        {"name": "core.b", "logic_ns": 0.5, "routing_ns": 1.0},
    ],
    "resources": {"DSP": {"used": 4, "available": 8}},
    "tools": {"yosys": "pyosys 0.70"},
    "date": "2026-01-02",
    "bitstream": {"path": "somewhere", "bytes": 3, "sha256": "abc"},
}


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "FILE", tmp_path / "measured.json")
    monkeypatch.setattr(matrix, "TABLE", tmp_path / "docs" / "measured.md")
    measured.FILE.write_text("[]")


def test_cycles_are_of_the_models_that_fit() -> None:
    assert matrix.cycles(Geometry(1, 1, weight_words=64)) == {}
    assert "azimuth+elevation" not in matrix.cycles(NAMED["ecp5-25f"])
    # The others are streamed there.
    assert list(matrix.cycles(NAMED["hx8k"])) == ["azimuth-small"]
    both = matrix.cycles(NAMED["ecp5-85f"])
    assert both["azimuth+elevation"] == both["azimuth"] + both["elevation"]


def test_rows_replace_each_other_and_stand_in_the_order_of_the_boards() -> None:
    row = {**REPORT, "cycles": {"azimuth": 12000}}
    other = {**row, "board": "hx8k-b-evn", "geometry": "hx8k", "cycles": {}}
    matrix.write(other)
    matrix.write({**row, "date": "2025-01-01"})
    matrix.write(row)
    assert [r["board"] for r in measured.rows()] == ["icebreaker", "hx8k-b-evn"]
    assert measured.row("icebreaker", "up5k") == row
    assert measured.row("icebreaker", "other") is None
    # A board that is no longer listed goes.
    measured.FILE.write_text(json.dumps([{**row, "board": "gone"}]))
    matrix.write(row)
    assert measured.rows() == [row]


def test_the_table_says_what_was_measured() -> None:
    matrix.write({**REPORT, "cycles": {"azimuth": 12000, "azimuth-small": 1700}})
    text = matrix.TABLE.read_text()
    for line in (
        "| icebreaker | `up5k` | 16 | 24 MHz | 26.5 MHz (23 to 27) | 1 of 2 | "
        "12,000 cycles, 500.0 us | azimuth, azimuth-small |",
        "- icebreaker, up5k: DSP 4 of 8 (50%)",
        "- icebreaker, up5k: from `core.a` to `core.b`, 5.00 ns, 60% of it on wires",
        "- icebreaker, up5k: 2026-01-02, build 01234567, seeds 1, 2; yosys: pyosys 0.70",
    ):
        assert line in text.splitlines(), text


def test_seeds_that_came_to_no_result_are_told() -> None:
    late = {"seed": 3, "fmax_mhz": None, "met": False, "seconds": 5400.0, "failure": "x"}
    matrix.write({**REPORT, "seeds": [*REPORT["seeds"], late], "cycles": {}})
    text = matrix.TABLE.read_text()
    assert "| 26.5 MHz (23 to 27) | 1 of 3 (1 came to no result) |" in text
    assert "seeds 1, 2, 3; yosys" in text
    second = {**late, "fmax_mhz": 25.0, "met": True, "router": "router2"}
    matrix.write({**REPORT, "seeds": [*REPORT["seeds"], second], "cycles": {}})
    assert "| 2 of 3 (1 by router2) |" in matrix.TABLE.read_text()


def test_what_fails_is_a_row_too(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def fail(*_: object, **__: object) -> dict[str, Any]:
        raise BoardError("does not fit (DSP: needs 9, has 8)")

    monkeypatch.setattr(matrix, "build", fail)
    assert matrix.main(["icebreaker", "--seeds", "1"]) == 1
    assert "| does not fit (DSP: needs 9, has 8) |" in matrix.TABLE.read_text()

    def miss(*_: object, **__: object) -> dict[str, Any]:
        raise TimingError({**REPORT, "bitstream": None})

    monkeypatch.setattr(matrix, "build", miss)
    assert matrix.main(["icebreaker"]) == 1
    row = measured.row("icebreaker", "up5k")
    assert row is not None
    assert "timing is not met" in row["error"]
    assert "26.5 MHz (23 to 27)" in matrix.TABLE.read_text()
    assert "icebreaker, up5k" in capsys.readouterr().out


def test_a_failure_does_not_replace_what_was_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(*_: object, **__: object) -> dict[str, Any]:
        raise BoardError("the disk is full |\nlast lines of a log")

    monkeypatch.setattr(matrix, "build", fail)
    assert matrix.main(["icebreaker", "hx8k-b-evn"]) == 1
    assert "MHz | the disk is full \\| | | | |" in matrix.TABLE.read_text()
    row = {**REPORT, "cycles": {}}
    matrix.write(row)
    assert matrix.main(["icebreaker"]) == 1
    assert measured.row("icebreaker", "up5k") == row
    assert "last lines of a log" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "--seeds: got '0', allowed is a whole number, at least 1"),
        (["--jobs", "0"], "--jobs: got '0', allowed"),
        (["--limit", "x"], "--limit: got 'x', allowed"),
        (["--tools", "vendor"], "--tools: invalid choice: 'vendor'"),
        (
            ["ulx3s-85f", "--geometry", "up5k"],
            "got 'up5k', allowed is one of ecp5-85f, ecp5-85f-16",
        ),
        (["icebraker"], "no board 'icebraker'; did you mean icebreaker?"),
        (["icebreaker", "--tools", "native"], "not found on PATH"),
    ],
)
def test_usage_is_refused_before_anything_runs(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as caught:
        matrix.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_board_is_measured_with_every_geometry(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, limits = [], []

    def build(board: Any, geometry: str, *, seeds: Any, **options: Any) -> dict[str, Any]:
        asked.append((board.name, geometry, list(seeds), options["jobs"]))
        limits.append(options["limit"])
        return {**REPORT, "board": board.name, "geometry": geometry, "bitstream": {"path": "p"}}

    monkeypatch.setattr(matrix, "build", build)
    assert matrix.main(["ulx3s-85f", "--seeds", "3", "--jobs", "1"]) == 0
    board = find("ulx3s-85f")
    assert asked == [("ulx3s-85f", s.geometry, [1, 2, 3], 1) for s in board.setups]
    assert set(limits) == {LIMIT}
    asked.clear()
    assert matrix.main(["ulx3s-85f", "--geometry", "ecp5-85f-16x8"]) == 0
    assert asked == [("ulx3s-85f", "ecp5-85f-16x8", [1, 2, 3, 4, 5], 2)]
    assert matrix.main(["icebreaker", "--limit", "5"]) == 0
    assert limits[-1] == 300
    assert "path" not in measured.rows()[0]["bitstream"]
