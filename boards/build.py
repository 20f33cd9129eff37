"""From a board to its bitstream: elaborate, synthesise, check, place and route, pack.

Every step is kept by a hash of all that it depends on, and takes its name only when it is whole: an
interrupted build resumes where it was, and nothing old passes for new.
"""

import hashlib
import json
import re
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from amaranth.hdl import UnusedElaboratable

from .. import cache
from . import measured
from .board import Board, Setup
from .cells import check_cells
from .design import Design
from .errors import BoardError
from .family import Command
from .fit import check_depths, check_instanced
from .seeds import place_all
from .sources import fingerprint
from .timing import FitError, Timing, check_fit, read_report
from .tools import LIMIT, OverrunError, Tool, find_tools

#: The netlist after place and route, where it is kept.
PLACED = "placed.json"

#: Where synthesis keeps how long it took.
_SECONDS = "seconds.json"

#: Is told what is being done.
Tell = Callable[[str], None]


class TimingError(BoardError):
    """No seed met the clock: there is no bitstream, and `report` says why."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report
        speeds = [seed["fmax_mhz"] for seed in report["seeds"]]
        late = speeds.count(None)
        super().__init__(
            f"{report['board']}: timing is not met: {report['fmax_mhz']['best']} MHz at best of "
            f"{report['clock_mhz']:g} MHz asked, over {len(speeds)} seeds"
            f"{f', {late} of which did not come to an end' if late else ''}; no bitstream was "
            "made. Try more seeds (--seeds), a smaller geometry (--geometry)"
            f"{', more time (--limit)' if late else ''}, or a lower clock (--clock)"
        )


@dataclass(frozen=True)
class Plan:
    """What there is to do for a board.

    Parameters
        files : name and contents
        commands : synthesis, place and route, packing
        build : CRC-32 of the gateware, told in the identity
    """

    files: dict[str, str]
    commands: list[Command]
    build: int


@dataclass(frozen=True)
class Placed:
    """One seed, placed and routed.

    Parameters
        seed : of the placer
        folder : what place and route wrote; holds a configuration only where timing is met
        met : the clock is met
        seconds : that it took
        timing : as reported
    """

    seed: int
    folder: Path
    met: bool
    seconds: float
    timing: Timing


def elaborate(board: Board, setup: Setup) -> Plan:
    """Turn a board's design into RTLIL, constraints and commands."""
    try:
        build = zlib.crc32(_prepare(board, setup, 0).files["top.il"].encode())
        return _prepare(board, setup, build)
    except BaseException:
        # Amaranth would warn of every part of the design that is now left.
        warnings.filterwarnings("ignore", category=UnusedElaboratable)
        raise


def _prepare(board: Board, setup: Setup, build: int) -> Plan:
    platform = board.platform()
    platform.part = setup.part
    plan = platform.prepare(
        Design(board, setup, build),
        "top",
        debug_verilog=False,
        emit_src=False,
        synth_opts=board.family.synthesis,
    )
    files = {
        name: text if isinstance(text, str) else text.decode()
        for name, text in plan.files.items()
        if not name.startswith("build_") and not name.endswith(".v")
    }
    commands = json.loads(plan.files["build_top.json"])["commands"]
    # Some platforms add steps of their loaders.
    return Plan(files, [c for c in commands if c[0] in board.family.programs], build)


def synthesise(
    board: Board, plan: Plan, tools: dict[str, Tool], tell: Tell, limit: float = LIMIT
) -> Path:
    """Return the folder with the netlist, its cells checked.

    Raises
        OverrunError: synthesis took longer than `limit` seconds
        CellsError: synthesis changed what the design instanced
        BoardError: synthesis failed; its last lines are in the message
    """
    command = plan.commands[0]
    tool = tools[command[0]]
    script = next(name for name in plan.files if name.endswith(".ys"))
    key = cache.content_key(
        tool.version, *command, script, plan.files["top.il"], plan.files[script]
    )

    def run(folder: Path) -> None:
        tell(f"synthesis ({tool.version})")
        for name in ("top.il", script):
            (folder / name).write_text(plan.files[name], encoding="utf-8")
        begin = time.monotonic()
        _run(tool, command, folder, limit)
        _write_json(folder / _SECONDS, round(time.monotonic() - begin, 1))

    folder = cache.cached("synthesis", key, run)
    # A netlist that is kept is checked again: by the check of today.
    cells = check_cells(plan.files["top.il"], folder / board.family.netlist, board.family)
    counts = {kind: asdict(count) for kind, count in cells.items()}
    _replace(folder / "cells.json", (json.dumps(counts, indent=2) + "\n").encode())
    return folder


def place(
    board: Board,
    setup: Setup,
    plan: Plan,
    netlist: Path,
    seed: int,
    tool: Tool,
    tell: Tell,
    keep_netlist: bool = False,
    limit: float = LIMIT,
) -> Placed:
    """Place and route with one seed.

    Parameters
        keep_netlist : keep what was placed and routed as `placed.json`, for simulation
    Raises
        OverrunError: it took longer than `limit` seconds
        FitError: the part has too little of a resource
        BoardError: place and route failed; its last lines are in the message
    """
    megahertz = f"{setup.clock_hz / 1e6:g}"
    command = [
        *plan.commands[1],
        *("--seed", str(seed), "--freq", megahertz, "--report", "report.json"),
        *(("--write", PLACED) if keep_netlist else ()),
    ]
    inputs = {name: text for name, text in plan.files.items() if not name.endswith((".il", ".ys"))}
    netlist_text = (netlist / board.family.netlist).read_text(encoding="utf-8")
    key = cache.content_key(
        tool.version, *command, netlist_text, *(t for pair in sorted(inputs.items()) for t in pair)
    )

    def run(folder: Path) -> None:
        tell(f"place and route, seed {seed} ({tool.version})")
        for name, text in inputs.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / board.family.netlist).write_text(netlist_text, encoding="utf-8")
        try:
            code, printed, seconds = tool.run(command[1:], folder, limit)
        except OverrunError as error:
            raise OverrunError(tool.name, limit, seed) from error
        (folder / board.family.netlist).unlink()
        log = folder / "top.tim"
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else printed
        check_fit(text, board.family)
        failed = re.findall(r"^ERROR: (.*)$", text, flags=re.MULTILINE)
        slow = bool(code and failed) and all(e.startswith("Max frequency") for e in failed)
        if code and not slow:
            raise _failure(tool.name, code, text or printed)
        if slow:
            # What misses the clock never becomes a bitstream.
            for path in folder.iterdir():
                if path.name not in ("report.json", "top.tim", PLACED):
                    path.unlink()
        _write_json(folder / "place.json", {"met": not slow, "seconds": round(seconds, 1)})

    folder = cache.cached("place", key, run)
    values = json.loads((folder / "place.json").read_text(encoding="utf-8"))
    timing = read_report(folder / "report.json", board.family, setup.clock_hz)
    # The tools round the clock that they were asked for.
    if values["met"] != (timing.fmax_hz >= setup.clock_hz * (0.999 if values["met"] else 1.001)):
        raise BoardError(
            f"seed {seed}: place and route says that timing is "
            f"{'met' if values['met'] else 'missed'}, its report says {timing.fmax_hz / 1e6:.2f} "
            f"of {megahertz} MHz; see {folder}"
        )
    return Placed(seed, folder, values["met"], values["seconds"], timing)


def pack(
    board: Board,
    plan: Plan,
    placed: Placed,
    tools: dict[str, Tool],
    tell: Tell,
    limit: float = LIMIT,
) -> Path:
    """Return the bitstream of a seed that met the clock."""
    inputs = {
        path.name: path.read_bytes()
        for path in sorted(placed.folder.iterdir())
        if path.name not in ("report.json", "place.json", "top.tim", PLACED)
    }
    commands = plan.commands[2:]
    key = cache.content_key(
        *(f"{tools[c[0]].version} {c}" for c in commands),
        *(f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in inputs.items()),
    )

    def run(folder: Path) -> None:
        tell(f"packing ({tools[commands[0][0]].version})")
        for name, data in inputs.items():
            (folder / name).write_bytes(data)
        for command in commands:
            _run(tools[command[0]], command, folder, limit)
        for path in folder.iterdir():
            if path.suffix != board.family.bitstream:
                path.unlink()
        if not (folder / f"top{board.family.bitstream}").is_file():
            raise BoardError(f"{commands[-1][0]} wrote no top{board.family.bitstream}")

    return cache.cached("bitstream", key, run) / f"top{board.family.bitstream}"


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
    build fails, no bitstream is there. A seed that does not come to an end has no Fmax and counts
    as one that did not meet the clock.

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
        OverrunError: synthesis, packing or every seed took longer than `limit`
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
        placed, late = place_all(
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
        raise OverrunError(tool.name, limit, *late)
    best = max(placed, key=lambda p: p.timing.fmax_hz)
    report = _report(board, setup, plan, placed, best, found)
    report["seeds"] += [
        {"seed": seed, "fmax_mhz": None, "met": False, "seconds": round(limit, 1)} for seed in late
    ]
    report["seeds"].sort(key=lambda row: seeds.index(row["seed"]))
    report["cells"] = json.loads((netlist / "cells.json").read_text(encoding="utf-8"))
    kept = netlist / _SECONDS
    report["synthesis_seconds"] = json.loads(kept.read_text()) if kept.exists() else None
    target.mkdir(parents=True, exist_ok=True)
    if best.met:
        data = pack(board, plan, best, found, tell, limit).read_bytes()
        _replace(bitstream, data)
        report["bitstream"] = {
            "path": str(bitstream),
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    report["seconds"] = round(time.monotonic() - begin, 1)
    _replace(report_path, (json.dumps(report, indent=2) + "\n").encode())
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
            }
            for p in placed
        ],
        "critical_path": [asdict(hop) for hop in best.timing.critical_path],
        "resources": {name: asdict(use) for name, use in best.timing.use.items()},
        "tools": {name: tool.version for name, tool in tools.items()},
        "date": date.today().isoformat(),
        "bitstream": None,
    }


def _run(tool: Tool, command: Command, folder: Path, limit: float) -> None:
    code, printed, _ = tool.run(command[1:], folder, limit)
    if code:
        # yosys says in its log why it fails, and hardly anything on the screen.
        log = folder / command[command.index("-l") + 1] if "-l" in command else None
        if log and log.exists():
            kept = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
            printed = "\n".join([*printed.strip().splitlines()[-5:], *kept[-10:]])
        raise _failure(tool.name, code, printed)


def _failure(name: str, code: int, log: str) -> BoardError:
    tail = "\n".join(log.rstrip().splitlines()[-15:])
    return BoardError(f"{name} failed with exit code {code}:\n{tail}")


def _write_json(path: Path, values: object) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _replace(path: Path, data: bytes) -> None:
    """Write a file that is never seen half-written."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(data)
    temporary.replace(path)
