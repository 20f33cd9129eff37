"""Builds of a small board with stand-ins for the tools, for the tests of builds and of seeds."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from otus.boards import build, find
from otus.boards.plan import Plan, elaborate
from otus.boards.tools import Tool

BOARD = find("hx8k-b-evn")
STAND_IN = Path(__file__).with_name("boards") / "stand_in.py"


class Bench(NamedTuple):
    """Where a test's programs look and write."""

    folder: Path

    def plan(self, **seeds: float | str) -> None:
        """Say what nextpnr does with seeds `s1`, `s2`, ...: MHz, `large`, `crash` or `slow`.

        `yosys="crash"` lets synthesis fail.
        """
        values = {name.removeprefix("s"): wanted for name, wanted in seeds.items()}
        (self.folder / "plan").write_text(json.dumps(values))

    def calls(self) -> list[str]:
        """Return the programs called since the last time."""
        path = self.folder / "calls"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def build(self, seeds: Iterable[int] = (1,), **options: Any) -> dict[str, Any]:
        return build.build(BOARD, seeds=list(seeds), output=self.folder / "build", **options)

    @property
    def bitstream(self) -> Path:
        return self.folder / "build" / "hx8k-b-evn" / "hx8k" / "otus.bin"


def use(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Let the programs be of a package: its version is part of what is cached."""

    def tools(names: Iterable[str], _source: str) -> dict[str, Tool]:
        return {name: Tool(name, (sys.executable, str(STAND_IN), name), package) for name in names}

    monkeypatch.setattr(build, "find_tools", tools)


_PLANS: list[Plan] = []


def elaborate_once() -> Plan:
    if not _PLANS:
        _PLANS.append(elaborate(BOARD, BOARD.setup()))
    return _PLANS[0]
