"""What place and route says of a design: speed, critical path, use of the part."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from .errors import BoardError
from .family import Family

#: Where a name ends to be the design's: behind it yosys and nextpnr put cells and ports, in capital
#: letters, which the design's names have none of, or a word of theirs; or it is a bit's number.
_APPENDED = (
    r"_[A-Z].*"
    r"|_?\$(?:nextpnr|PACKER|CCU2|CARRY|glb_|iobuf_|auto\$|abc\$|flatten|techmap).*"
    r"|\[\d+\]$"
)


@dataclass(frozen=True)
class Use:
    """How many of a resource are used, and how many there are."""

    used: int
    available: int


class FitError(BoardError):
    """The part has too little of a resource.

    Parameters
        use : of every resource
        message : what to say; without it, what is short
    """

    def __init__(self, use: dict[str, Use], message: str = "") -> None:
        self.use = use
        short = [
            f"{name}: needs {u.used}, has {u.available}"
            for name, u in use.items()
            if u.used > u.available
        ]
        super().__init__(message or f"does not fit ({'; '.join(short)})")


@dataclass(frozen=True)
class Hop:
    """A signal on a critical path, and the time that the path spends there.

    Parameters
        name : in the hierarchy of the accelerator
        logic_ns : in cells
        routing_ns : on wires
    """

    name: str
    logic_ns: float
    routing_ns: float


@dataclass(frozen=True)
class Timing:
    """Result of one seed.

    Parameters
        fmax_hz : of the accelerator's clock
        critical_path : its slowest path
        use : of the part's resources
    """

    fmax_hz: float
    critical_path: tuple[Hop, ...]
    use: dict[str, Use]


def read_report(path: Path, family: Family, clock_hz: int) -> Timing:
    """Read nextpnr's report.

    Parameters
        path : JSON
        family : names the resources
        clock_hz : what the accelerator's clock was asked to be
    Raises
        BoardError: nextpnr was not told of this clock, so its verdict says nothing
    """
    values = json.loads(path.read_text(encoding="utf-8"))
    clocks = {
        name: clock["achieved"]
        for name, clock in values["fmax"].items()
        if abs(clock["constraint"] * 1e6 / clock_hz - 1) < 1e-3
    }
    if len(clocks) != len(values["fmax"]) or not clocks:
        found = {name: clock["constraint"] for name, clock in values["fmax"].items()}
        raise BoardError(
            f"timing was checked against {found} MHz, not against {clock_hz / 1e6:g} MHz: the "
            "clock's constraint is lost"
        )
    slowest = min(clocks, key=lambda name: clocks[name])
    edge = f"posedge {slowest}"
    paths = [p for p in values["critical_paths"] if p["from"] == p["to"] == edge]
    return Timing(
        fmax_hz=clocks[slowest] * 1e6,
        critical_path=_hops(paths[0]["path"]) if paths else (),
        use={name: _use(values["utilization"], kinds) for name, kinds in family.resources.items()},
    )


def _hops(path: list[dict[str, Any]]) -> tuple[Hop, ...]:
    """Gather a path's steps by signal: a carry chain is one."""
    names, steps = [], []
    for step in path:
        end = step["from"] if step["type"] == "clk-to-q" else step["to"]
        names.append(step.get("net", end["cell"]))
        steps.append((step["type"] == "routing", float(step["delay"])))
    named = [(name, *step) for name, step in zip(own_names(names), steps, strict=True)]
    return tuple(
        Hop(
            name,
            round(sum(ns for _, wire, ns in steps if not wire), 2),
            round(sum(ns for _, wire, ns in steps if wire), 2),
        )
        for name, group in groupby(named, key=lambda step: step[0])
        for steps in (list(group),)
    )


def own_names(path: Sequence[str]) -> list[str]:
    """Return the design's names along a path: what the tools made is of the signal before it."""
    names = [own_name(name) for name in path]
    last = next(filter(None, names), "".join(path[:1]))
    return [last := name or last for name in names]


def own_name(name: str) -> str:
    """Strip a netlist's name of what surrounds the accelerator, and of what the tools appended.

    `accelerator.top.core.array.column_5.right_TRELLIS_FF_Q_1` is `core.array.column_5.right`, and
    of `$nextpnr_ICESTORM_LC_7` nothing is left.
    """
    for prefix in ("$gbuf_", "accelerator.", "top."):
        name = name.removeprefix(prefix)
    return re.sub(_APPENDED, "", name)


def _use(utilisation: dict[str, dict[str, int]], kinds: tuple[str, ...]) -> Use:
    found = [utilisation[kind] for kind in kinds if kind in utilisation]
    return Use(sum(u["used"] for u in found), sum(u["available"] for u in found))


def check_fit(log: str, family: Family) -> None:
    """Look in nextpnr's log for resources that the part has too little of.

    Raises
        FitError: names each, need and have
    """
    totals: dict[str, dict[str, int]] = {}
    for kind, used, available in re.findall(r"Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", log):
        totals[kind] = {"used": int(used), "available": int(available)}
    use = {name: _use(totals, kinds) for name, kinds in family.resources.items()}
    if any(u.used > u.available for u in use.values()):
        raise FitError(use)
