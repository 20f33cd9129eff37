"""From a board to its bitstream, over several seeds of the placer, with a report.

Elaborate (plan.py), then synthesise, check, place and route, pack (flow.py).
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from .. import files
from . import measured
from .board import Board, Setup
from .errors import BoardError
from .fit import check_depths, check_instanced
from .flow import SECONDS, Placed, Tell, pack, place, synthesise
from .plan import Plan, elaborate
from .seeds import SeedError, place_all
from .sources import fingerprint
from .timing import FitError
from .tools import LIMIT, Tool, find_tools


class TimingError(BoardError):
    """No seed met the clock: there is no bitstream, and `report` says why."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report
        speeds = [seed["fmax_mhz"] for seed in report["seeds"]]
        lost = speeds.count(None)
        super().__init__(
            f"{report['board']}: timing is not met: {report['fmax_mhz']['best']} MHz at best of "
            f"{report['clock_mhz']:g} MHz asked, over {len(speeds)} seeds"
            f"{f', {lost} of which came to no result' if lost else ''}; no bitstream was "
            "made. Try more seeds (--seeds), a smaller geometry (--geometry), or a lower clock "
            "(--clock)"
        )


class UnplacedError(BoardError):
    """Place and route came to no result with any seed: `errors` say why."""

    def __init__(self, board: Board, errors: Sequence[SeedError]) -> None:
        self.errors = errors
        reasons = "; ".join(f"seed {error.seed} {error.reason}" for error in errors)
        log = next((error.log for error in errors if error.log), "")
        super().__init__(
            f"{board.name}: place and route came to no result: {reasons}. Try more seeds "
            "(--seeds), a smaller geometry (--geometry), or more time (--limit)"
            f"{log and f'. The log ends:{chr(10)}{log}'}"
        )


def build(
    board: Board,
    geometry: str | None = None,
    *,
    clock_hz: int | None = None,
    seeds: Sequence[int] = (1,),
    tools: str = "auto",
    jobs: int = 1,
    output: Path = Path("build"),
    limit: float = LIMIT,
    tell: Tell = lambda _text: None,
    keep_netlist: bool = False,
) -> dict[str, Any]:
    """Make a board's bitstream, and report on it.

    The bitstream is that of the fastest seed. It and its report, `report.json`, are in the folder
    `output`/BOARD/GEOMETRY, which names the clock too where it is not the usual one; where the
    build fails, no bitstream is there. A seed that comes to no result, in time or at all, has no
    Fmax and counts as one that did not meet the clock; its `failure` says why. One that has a
    `router` was routed by it, since nextpnr's own choice was late.

    Parameters
        board : the board
        geometry : its default one where none is given
        clock_hz : the geometry's own where none is given
        seeds : of the placer
        tools : one of tools.SOURCES
        jobs : seeds placed side by side
        output : folder
        limit : seconds that a program may take
        tell : is told what is being done
        keep_netlist : keep the netlists after place and route, for simulation
    Returns
        the report: what was built, speed of each seed, critical path, resources, bitstream
    Raises
        TimingError: no seed meets the clock
        UnplacedError: no seed came to a result
        OverrunError: synthesis or packing took longer than `limit`
        FitError: the part is too small
        CellsError: synthesis changed what the design instanced
        BoardError: anything else
    """
    begin = time.monotonic()
    setup = board.setup(geometry, clock_hz)
    target = output / board.folder(setup)
    report_path = target / "report.json"
    bitstream = target / f"otus{board.family.bitstream}"
    for old in (report_path, bitstream):
        old.unlink(missing_ok=True)
    board.check_clock(setup.clock_hz)
    found = find_tools(board.family.programs, tools)
    try:
        check_depths(board, setup)
        tell(f"elaborating {setup.geometry} for {board.title}")
        plan = elaborate(board, setup)
        check_instanced(board, plan.files["top.il"])
        netlist = synthesise(board, plan, found, tell, limit)
        tool = found[plan.commands[1][0]]
        placed, errors = place_all(
            lambda seed: place(board, setup, plan, netlist, seed, tool, tell, keep_netlist, limit),
            seeds,
            jobs,
            tell,
        )
    except FitError as error:
        raise FitError(
            error.use,
            f"{board.name}: {setup.geometry} {error}; {measured.instead(board, setup, error.use)}",
        ) from error
    if not placed:
        raise UnplacedError(board, errors)
    best = max(placed, key=lambda p: p.timing.fmax_hz)
    report = _report(board, setup, plan, placed, best, found)
    report["seeds"] += [
        {
            "seed": error.seed,
            "fmax_mhz": None,
            "met": False,
            "seconds": round(error.seconds, 1),
            "failure": error.reason,
        }
        for error in errors
    ]
    report["seeds"].sort(key=lambda row: seeds.index(row["seed"]))
    report["cells"] = json.loads((netlist / "cells.json").read_text(encoding="utf-8"))
    kept = netlist / SECONDS
    report["synthesis_seconds"] = json.loads(kept.read_text()) if kept.exists() else None
    target.mkdir(parents=True, exist_ok=True)
    if best.met:
        data = pack(board, plan, best, found, tell, limit).read_bytes()
        files.write(bitstream, data)
        report["bitstream"] = {
            "path": str(bitstream),
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    report["seconds"] = round(time.monotonic() - begin, 1)
    files.write(report_path, (json.dumps(report, indent=2) + "\n").encode())
    if not best.met:
        raise TimingError(report)
    return report


def _report(
    board: Board,
    setup: Setup,
    plan: Plan,
    placed: Sequence[Placed],
    best: Placed,
    tools: dict[str, Tool],
) -> dict[str, Any]:
    """Gather what was measured."""
    speeds = [p.timing.fmax_hz / 1e6 for p in placed]
    geometry = setup.array
    return {
        "board": board.name,
        "device": board.device,
        "family": board.family.name,
        "geometry": setup.geometry,
        "array": geometry.name,
        "macs_per_cycle": geometry.macs_per_cycle,
        "build": f"{plan.build:08x}",
        "sources": fingerprint(board, setup),
        "clock_mhz": setup.clock_hz / 1e6,
        "baud": board.baud,
        "fmax_mhz": {
            "median": round(median(speeds), 2),
            "best": round(max(speeds), 2),
            "worst": round(min(speeds), 2),
        },
        "seeds": [
            {
                "seed": p.seed,
                "fmax_mhz": round(p.timing.fmax_hz / 1e6, 2),
                "met": p.met,
                "seconds": p.seconds,
                **({"router": p.router} if p.router else {}),
            }
            for p in placed
        ],
        "critical_path": [asdict(hop) for hop in best.timing.critical_path],
        "resources": {name: asdict(use) for name, use in best.timing.use.items()},
        "tools": {name: tool.version for name, tool in tools.items()},
        "date": date.today().isoformat(),
        "bitstream": None,
    }
