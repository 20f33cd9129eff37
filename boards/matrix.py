"""Measure boards: `python -m otus.boards.matrix [BOARD ...] [--geometry NAME] [--seeds 5]`.

Every board with each of its geometries, several seeds each. What was done is not done again, but
for seeds that came to no result; after each board, boards/measured.json and
docs/boards/measured.md are written anew.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import files, models, programs
from ..arch.geometry import Geometry
from ..driver.compiler import ModelError, compile_model, place
from . import measured
from .board import Board, Setup, all_boards, find
from .build import TimingError, build
from .errors import BoardError
from .tools import LIMIT, SOURCES, find_tools

#: The table, in a checkout.
TABLE = Path(__file__).parents[1] / "docs" / "boards" / "measured.md"

#: Models that are to be resident together where there is room.
_TOGETHER = ("azimuth", "elevation")


def main(arguments: Sequence[str]) -> int:
    """Measure, write, and return the exit code: 1 where a board missed its clock or failed."""
    parser = argparse.ArgumentParser(prog="python -m otus.boards.matrix", description=__doc__)
    parser.add_argument("boards", nargs="*", help="all of them where none is named")
    parser.add_argument("--geometry", metavar="NAME", help="only boards' setups of this geometry")
    parser.add_argument("--seeds", type=_count, default=5)
    parser.add_argument("--jobs", type=_count, default=2, help="seeds placed side by side")
    parser.add_argument("--tools", choices=SOURCES, default="auto")
    parser.add_argument(
        "--limit", type=_count, default=LIMIT / 60, help="minutes a program [%(default)g]"
    )
    options = parser.parse_args(arguments)
    try:
        boards = [find(name) for name in options.boards] or all_boards()
        # Without them every board would fail.
        find_tools({name for board in boards for name in board.family.programs}, options.tools)
    except BoardError as error:
        parser.error(str(error))
    chosen = [
        (board, setup)
        for board in boards
        for setup in board.setups
        if options.geometry in (None, setup.geometry)
    ]
    if not chosen:
        known = dict.fromkeys(setup.geometry for board in boards for setup in board.setups)
        parser.error(f"--geometry: got {options.geometry!r}, allowed is one of {', '.join(known)}")
    failed = 0
    for board, setup in chosen:
        print(f"{board.name}, {setup.geometry}", flush=True)
        row = measure(
            board, setup, options.seeds, options.jobs, options.tools, 60.0 * options.limit
        )
        if "error" in row:
            failed += 1
            print(f"  {row['error']}", flush=True)
        # What failed tells nothing of a board that was measured: the disk may be full.
        if "fmax_mhz" in row or measured.row(board.name, setup.geometry) is None:
            write(row)
    return 1 if failed else 0


def _count(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"got {text!r}, allowed is a whole number, at least 1")
    return int(text)


def measure(
    board: Board, setup: Setup, seeds: int, jobs: int, tools: str, limit: float
) -> dict[str, Any]:
    """Build a board with a geometry, and return its row."""
    try:
        row = build(
            board,
            setup.geometry,
            seeds=range(1, seeds + 1),
            jobs=jobs,
            tools=tools,
            limit=limit,
            tell=lambda text: print(f"  {text}", flush=True),
        )
        # A path of this machine tells others nothing.
        row["bitstream"].pop("path")
    except TimingError as missed:
        row = {**missed.report, "error": str(missed)}
    except BoardError as error:
        row = {
            "board": board.name,
            "device": board.device,
            "geometry": setup.geometry,
            "clock_mhz": setup.clock_hz / 1e6,
            "error": str(error),
        }
    return {**row, "cycles": cycles(setup.array)}


def cycles(geometry: Geometry) -> dict[str, int]:
    """Return the predicted cycles of an inference, of each shipped model that fits.

    Models that fit together are there under their names joined by `+`, with the sum.
    """
    found, programs = {}, {}
    for name in models.names():
        try:
            program = compile_model(models.find(name), geometry)
        except ModelError:
            continue
        # What is streamed takes as long as the link does.
        if not program.steps:
            programs[name], found[name] = program, program.prediction.total
    if all(name in programs for name in _TOGETHER):
        try:
            place([programs[name] for name in _TOGETHER])
        except ModelError:
            return found
        found["+".join(_TOGETHER)] = sum(found[name] for name in _TOGETHER)
    return found


def write(row: dict[str, Any]) -> None:
    """Put a row into the file, in the boards' order, and write the table."""
    order = {
        (board.name, setup.geometry): number
        for number, (board, setup) in enumerate(
            (board, setup) for board in all_boards() for setup in board.setups
        )
    }
    rows = {(r["board"], r["geometry"]): r for r in [*measured.rows(), row]}
    kept = sorted((k for k in rows if k in order), key=lambda key: order[key])
    values = json.dumps([rows[key] for key in kept], indent=1) + "\n"
    files.write(measured.FILE, values.encode())
    files.write(TABLE, table([rows[key] for key in kept]).encode())


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Write rows as a page."""
    lines = [
        "# Measured",
        "",
        "Made by `make boards`, never by hand. Every row is the whole design: link, sequencer,",
        "buffers, array, requantiser. Fmax is what nextpnr reports after routing. `otus boards`",
        "marks rows of other sources than those at hand: `make boards` measures them again. Seeds",
        "by router2 are those that nextpnr's own router did not bring to an end in time.",
        "",
        "| board | geometry | MACs a cycle | clock asked | Fmax, median (range) | seeds met |"
        " azimuth | models that fit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_speed(row) for row in rows]
    if not rows:
        return "\n".join([*lines[:7], "Nothing was measured yet."]) + "\n"
    lines += ["", "## Use of the parts", ""]
    for row in rows:
        if "resources" in row:
            used = ", ".join(
                f"{name} {use['used']:,} of {use['available']:,} "
                f"({use['used'] / max(1, use['available']):.0%})"
                for name, use in row["resources"].items()
            )
            lines.append(f"- {row['board']}, {row['geometry']}: {used}")
    lines += ["", "## What limits the clock", ""]
    for row in rows:
        if row.get("critical_path"):
            path = row["critical_path"]
            wires = sum(hop["routing_ns"] for hop in path)
            total = wires + sum(hop["logic_ns"] for hop in path)
            lines.append(
                f"- {row['board']}, {row['geometry']}: from `{path[0]['name']}` to "
                f"`{path[-1]['name']}`, {total:.2f} ns, {wires / total:.0%} of it on wires"
            )
    lines += ["", "## Provenance", ""]
    lines += [
        f"- {row['board']}, {row['geometry']}: {row['date']}, build {row['build']}, seeds "
        f"{', '.join(str(s['seed']) for s in row['seeds'])}; "
        + "; ".join(f"{name}: {version}" for name, version in row["tools"].items())
        for row in rows
        if "tools" in row
    ]
    return "\n".join(lines) + "\n"


def _speed(row: dict[str, Any]) -> str:
    cells = [row["board"], f"`{row['geometry']}`"]
    if "fmax_mhz" not in row:
        error = row["error"].splitlines()[0].replace("|", "\\|")
        return f"| {' | '.join(cells)} | | {row['clock_mhz']:g} MHz | {error} | | | |"
    speed, seeds, cycles = row["fmax_mhz"], row["seeds"], row["cycles"]
    azimuth = (
        f"{cycles['azimuth']:,} cycles, {cycles['azimuth'] / row['clock_mhz']:.1f} us"
        if "azimuth" in cycles
        else "does not fit"
    )
    routers = Counter(seed["router"] for seed in seeds if "router" in seed)
    lost = sum(seed["fmax_mhz"] is None for seed in seeds)
    cells += [
        str(row["macs_per_cycle"]),
        f"{row['clock_mhz']:g} MHz",
        f"{speed['median']:g} MHz ({speed['worst']:g} to {speed['best']:g})",
        f"{sum(s['met'] for s in seeds)} of {len(seeds)}"
        f"{f' ({lost} came to no result)' if lost else ''}"
        + "".join(f" ({count} by {router})" for router, count in routers.items()),
        azimuth,
        ", ".join(cycles),
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    try:
        with programs.interruptible():
            sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("interrupted; what is done is kept, and the same command goes on from there")
