"""The steps of a build: synthesise and check, place and route with a seed, pack.

Every step is kept by a hash of all that it depends on, and takes its name only when it is whole: an
interrupted build resumes where it was, and nothing old passes for new.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import cache, files
from .board import Board, Setup
from .cells import check_cells
from .errors import BoardError
from .family import Command
from .plan import Plan
from .seeds import SeedError
from .timing import Timing, check_fit, read_report
from .tools import LIMIT, OverrunError, Tool

#: The netlist after place and route, where it is kept.
PLACED = "placed.json"

#: Where synthesis keeps how long it took.
SECONDS = "seconds.json"

#: Routes what nextpnr's own choice for a family (router1) does not bring to an end: every wire at
#: once, in minutes, for a lower Fmax. Gowin's routers were not seen to go on for ever.
_SECOND_ROUTER = {"ecp5": "router2", "ice40": "router2"}

#: What nextpnr's log has once everything is placed.
_ROUTING = "Info: Routing"

#: Is told what is being done.
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Placed:
    """One seed, placed and routed.

    Parameters
        seed : of the placer
        folder : what place and route wrote; holds a configuration only where timing is met
        met : the clock is met
        seconds : that it took
        timing : as reported
        router : "" where it was nextpnr's own choice
    """

    seed: int
    folder: Path
    met: bool
    seconds: float
    timing: Timing
    router: str = ""


class _LateError(SeedError):
    """A seed that did not come to an end: where it was `placed`, another router may."""

    def __init__(self, seed: int, limit: float, placed: bool) -> None:
        self.placed = placed
        super().__init__(seed, f"did not come to an end within {limit / 60:g} minutes", limit)


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
        _write_json(folder / SECONDS, round(time.monotonic() - begin, 1))

    folder = cache.cached("synthesis", key, run)
    # A netlist that is kept is checked again: by the check of today.
    cells = check_cells(plan.files["top.il"], folder / board.family.netlist, board.family)
    counts = {kind: asdict(count) for kind, count in cells.items()}
    files.write(folder / "cells.json", (json.dumps(counts, indent=2) + "\n").encode())
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

    What is placed, but not routed within the limit, is routed with nextpnr's second router: slower,
    but to an end.

    Parameters
        keep_netlist : keep what was placed and routed as `placed.json`, for simulation
        limit : seconds that a router may take, with the placement before it
    Raises
        FitError: the part has too little of a resource
        SeedError: it took longer than `limit` seconds, or failed; its last lines are in the message
    """
    megahertz = f"{setup.clock_hz / 1e6:g}"
    command = [
        *plan.commands[1],
        *("--seed", str(seed), "--freq", megahertz, "--report", "report.json"),
        *(("--write", PLACED) if keep_netlist else ()),
    ]
    inputs = {name: text for name, text in plan.files.items() if not name.endswith((".il", ".ys"))}
    netlist_text = (netlist / board.family.netlist).read_text(encoding="utf-8")

    def key(router: str) -> str:
        texts = (text for pair in sorted(inputs.items()) for text in pair)
        return cache.content_key(tool.version, *command, *_option(router), netlist_text, *texts)

    def run(folder: Path, router: str) -> None:
        using = f", {router}" if router else ""
        tell(f"place and route, seed {seed}{using} ({tool.version})")
        for name, text in inputs.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder / board.family.netlist).write_text(netlist_text, encoding="utf-8")
        log = folder / "top.tim"
        try:
            code, printed, seconds = tool.run([*command[1:], *_option(router)], folder, limit)
        except OverrunError as error:
            placed = log.exists() and _ROUTING in log.read_text(encoding="utf-8", errors="replace")
            raise _LateError(seed, limit, placed) from error
        (folder / board.family.netlist).unlink()
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else printed
        check_fit(text, board.family)
        failed = re.findall(r"^ERROR: (.*)$", text, flags=re.MULTILINE)
        slow = bool(code and failed) and all(e.startswith("Max frequency") for e in failed)
        if code and not slow:
            reason = f"failed with exit code {code}{f' ({failed[0]})' if failed else ''}"
            raise SeedError(seed, reason, seconds, _tail(text or printed))
        if slow:
            # What misses the clock never becomes a bitstream.
            for path in folder.iterdir():
                if path.name not in ("report.json", "top.tim", PLACED):
                    path.unlink()
        _write_json(folder / "place.json", {"met": not slow, "seconds": round(seconds, 1)})

    second = _SECOND_ROUTER.get(board.family.name, "")
    router = ""
    # What the second router has ended is not left to the first one again.
    if second and not cache.kept("place", key("")) and cache.kept("place", key(second)):
        router = second
    try:
        folder = cache.cached("place", key(router), lambda folder: run(folder, router))
    except _LateError as late:
        if not late.placed or not second or router:
            raise
        router = second
        tell(f"{late}: once more with {router}")
        folder = cache.cached("place", key(router), lambda folder: run(folder, router))
    values = json.loads((folder / "place.json").read_text(encoding="utf-8"))
    timing = read_report(folder / "report.json", board.family, setup.clock_hz)
    # The tools round the clock that they were asked for.
    if values["met"] != (timing.fmax_hz >= setup.clock_hz * (0.999 if values["met"] else 1.001)):
        raise BoardError(
            f"seed {seed}: place and route says that timing is "
            f"{'met' if values['met'] else 'missed'}, its report says {timing.fmax_hz / 1e6:.2f} "
            f"of {megahertz} MHz; see {folder}"
        )
    return Placed(seed, folder, values["met"], values["seconds"], timing, router)


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


def _option(router: str) -> tuple[str, ...]:
    return ("--router", router) if router else ()


def _run(tool: Tool, command: Command, folder: Path, limit: float) -> None:
    code, printed, _ = tool.run(command[1:], folder, limit)
    if code:
        # yosys says in its log why it fails, and hardly anything on the screen.
        log = folder / command[command.index("-l") + 1] if "-l" in command else None
        if log and log.exists():
            kept = log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
            printed = "\n".join([*printed.strip().splitlines()[-5:], *kept[-10:]])
        raise BoardError(f"{tool.name} failed with exit code {code}:\n{_tail(printed)}")


def _tail(log: str) -> str:
    return "\n".join(log.rstrip().splitlines()[-15:])


def _write_json(path: Path, values: object) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
