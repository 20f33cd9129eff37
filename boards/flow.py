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

from .. import cache
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
    """

    seed: int
    folder: Path
    met: bool
    seconds: float
    timing: Timing


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
    cache.replace_file(folder / "cells.json", (json.dumps(counts, indent=2) + "\n").encode())
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
            reason = f"did not come to an end within {limit / 60:g} minutes"
            raise SeedError(seed, reason, limit) from error
        (folder / board.family.netlist).unlink()
        log = folder / "top.tim"
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
