"""The parts of the docs that follow from the board files and from what was measured.

`python tests/board_pages.py` writes them anew, between `<!-- made: NAME -->` and `<!-- end -->`,
and begins the page of a board that has none; tests/boards/test_pages.py holds the pages to it.
"""

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from otus import models
from otus.arch.geometry import NAMED, Geometry
from otus.arch.memory import Space, depth, word_bytes
from otus.boards import Board, Setup, all_boards, find, measured
from otus.driver.compiler import ModelError, Program, compile_model, place
from otus.driver.serial_link import DEFAULT_BAUD

DOCS = Path(__file__).parents[1] / "docs"
PAGES = DOCS / "boards"
COMMAND = "python tests/board_pages.py"

#: Models in the order in which they are preferred.
MODELS = ("azimuth", "elevation", "azimuth-small")

#: Where a board's link shows up on Linux: by what its bridge says.
PORTS = (("second port", "/dev/ttyUSB1"), ("iCELink", "/dev/ttyACM0"), ("", "/dev/ttyUSB0"))


@cache
def program(name: str, geometry: str) -> Program | None:
    """Compile a shipped model for a geometry; None where it does not fit and would be streamed."""
    found = compile_model(models.find(name), Geometry.parse(geometry))
    return None if found.steps else found


@cache
def resident(geometry: str) -> tuple[str, ...]:
    """List the models that are resident together."""
    together: list[str] = []
    for name in MODELS:
        new = [*together, name]
        programs = [program(each, geometry) for each in new]
        try:
            place([each for each in programs if each is not None])
        except ModelError:
            continue
        if all(programs):
            together = new
    return tuple(together)


def pin_names(platform: Any, resource: tuple[Any, ...], part: str | None = None) -> str:
    """Name the FPGA's pins of a resource."""
    found = platform.lookup(*resource[:2])
    parts = {io.name: "-" for io in found.ios if hasattr(io, "ios")}
    requested = platform.request(*resource[:2], dir=parts or "-")
    for name in (part, *resource[2:]):
        if name is not None:
            requested = getattr(requested, name)
    return ", ".join(bit.name for bit in requested.io.metadata)


def facts(board: Board) -> str:
    """Make the table of a board."""
    platform = board.platform()
    clock = platform.default_clk
    clock_pin = pin_names(board.platform(), (clock, 0))
    frequency = platform.default_clk_frequency / 1e6
    link = ", ".join(f"{n} pin {pin_names(board.platform(), ('uart', 0), n)}" for n in ("rx", "tx"))
    rows = [("FPGA", f"`{board.device}`")]
    for number, setup in enumerate(board.setups):
        default = " (the default)" if number == 0 and len(board.setups) > 1 else ""
        rows.append((f"geometry{default}", geometry_text(setup)))
        rows.append(("models", models_text(setup)))
        rows.append(("a lower clock", f"`--clock {lower_clock(board, setup)}`, to look for timing"))
    rows += [
        ("clock", f"{frequency:g} MHz from `{clock}`, pin {clock_pin}, through a PLL"),
        ("link", f"{link} (seen from the FPGA), {board.baud:,} baud, 8N1"),
        ("behind it", board.bridge),
        ("LED", _pin(board, board.led, "lit while bytes pass")),
        ("reset", _pin(board, board.button, "held: everything is reset")),
        ("loader", f"`{' '.join(board.loader)}`"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows)])


def _pin(board: Board, resource: tuple[Any, ...] | None, what: str) -> str:
    if resource is None:
        return "none"
    name = " ".join(map(str, resource))
    return f"`{name}`, pin {pin_names(board.platform(), resource)}: {what}"


def geometry_text(setup: Setup) -> str:
    """Describe a setup: array, weights, clock."""
    geometry = Geometry.parse(setup.geometry)
    return (
        f"`{setup.geometry}`: {geometry.name}, {geometry.macs_per_cycle} MACs a cycle, "
        f"{kib(geometry, Space.WEIGHT)} of weights, {setup.clock_hz / 1e6:g} MHz"
    )


def lower_clock(board: Board, setup: Setup) -> str:
    """Say in MHz the clock next to half of the usual one that PLL and link can both have."""
    return f"{max(board.clocks_near(setup.clock_hz // 2)) / 1e6:g}"


def models_text(setup: Setup) -> str:
    """Say which models fit, and how long they take."""
    fitting = {name: program(name, setup.geometry) for name in MODELS}
    times = [
        f"{name} about {about(p.prediction.total)} cycles "
        f"({about(1e6 * p.prediction.total / setup.clock_hz)} µs)"
        for name, p in fitting.items()
        if p is not None
    ]
    if not times:
        return "none that is shipped; the self-test has a small one"
    together = resident(setup.geometry)
    how = "" if len(times) == 1 else f"; resident together: {' and '.join(together)}"
    return ", ".join(times) + how


def about(value: float) -> str:
    """Round to two digits: what a page says need not change with every cycle."""
    return f"{float(f'{value:.1e}'):,g}" if value < 1e6 else f"{value:,.0f}"


def kib(geometry: Geometry, space: Space) -> str:
    """Size of a memory."""
    return f"{depth(space, geometry) * word_bytes(space, geometry) / 1024:g} KiB"


def port(board: Board) -> str:
    """Name the link's port as Linux does, with the baud rate where it is not the usual one."""
    name = next(name for words, name in PORTS if words in board.bridge)
    return name if board.baud == DEFAULT_BAUD else f"{name}@{board.baud}"


def first_inference(board: Board) -> list[str]:
    """Commands of a first inference, with models that need not be streamed."""
    geometry = board.setups[0].geometry
    if program("azimuth", geometry):
        return [f"otus demo --device {port(board)}"]
    small = "--model azimuth-small --elevation-model none"
    return [f"otus locate models/demo.flac {small} --device {port(board)}"]


def commands(board: Board) -> str:
    """Make the commands of a board, in the order in which they are typed."""
    lines = [
        "pip install '.[boards,demo]'",
        f"otus build {board.name} --seeds 3",
        f"otus flash {board.name}{'' if board.usb else f' --device {port(board)}'}",
        f"otus info {port(board)}",
        f"otus selftest {port(board)}",
        *first_inference(board),
    ]
    return "\n".join(["```", *lines, "```"])


def index() -> str:
    """Make the table of all boards."""
    lines = ["| board | FPGA | geometry | link |", "|---|---|---|---|"]
    for board in all_boards():
        geometries = ", ".join(f"`{setup.geometry}`" for setup in board.setups)
        lines.append(
            f"| [{board.title}]({board.name}.md) `{board.name}` | `{board.device}` | {geometries} "
            f"| {board.bridge} |"
        )
    return "\n".join(lines)


def parts() -> str:
    """Make the table of named geometries."""
    lines = [
        "| name | array | multipliers | requantise | accumulator | weights | activations | models "
        "resident together | about so many cycles, azimuth (small) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, g in NAMED.items():
        lane = "pipelined" if g.requantise_interval == 1 else f"{g.requantise_bits} bits a cycle"
        lanes = f"{g.requantise_lanes} lane{'s' * (g.requantise_lanes > 1)}, {lane}"
        counted = [program(model, name) for model in ("azimuth", "azimuth-small")]
        cycles = [about(p.prediction.total) if p else "-" for p in counted]
        lines.append(
            f"| `{name}` | {g.name} | {g.macs_per_cycle} | {lanes} | {g.accumulator_bits} bits | "
            f"{kib(g, Space.WEIGHT)} | {kib(g, Space.ACTIVATION)} | "
            f"{', '.join(resident(name)) or 'none'} | {cycles[0]} ({cycles[1]}) |"
        )
    return "\n".join(lines)


def figures() -> str:
    """Make the README's table of what was measured."""
    lines = [
        "| board | array | clock asked, MHz | Fmax, MHz: median (seeds) | LUT | DSP | block RAM | "
        "cycles | inference |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in measured.rows():
        if "fmax_mhz" in row:
            lines.append(f"| {' | '.join(_measured(row))} |")
    return "\n".join(lines)


def _measured(row: dict[str, Any]) -> list[str]:
    model = "azimuth" if "azimuth" in row["cycles"] else "azimuth-small"
    cycles = row["cycles"][model]
    use = row["resources"]
    return [
        f"[{find(row['board']).title}](docs/boards/{row['board']}.md)",
        row["array"],
        f"{row['clock_mhz']:g}",
        f"{row['fmax_mhz']['median']:.1f} ({len(row['seeds'])})",
        _used(use, "LUT", "LUT and FF"),
        _used(use, "DSP", "9x9 multipliers", "18x18 multipliers"),
        _used(use, "block RAM", "SPRAM"),
        f"{cycles:,}{' (small)' if model == 'azimuth-small' else ''}",
        f"{cycles / row['clock_mhz']:.0f} us",
    ]


def _used(resources: dict[str, dict[str, int]], *names: str) -> str:
    """Write how many of some resources are used: those that the part has and the design takes."""
    texts = []
    for name in names:
        use = resources.get(name, {"used": 0})
        if use["used"]:
            kind = name.removesuffix(" multipliers")
            named = "" if kind in ("LUT", "LUT and FF", "DSP", "block RAM") else f" {kind}"
            texts.append(f"{use['used']:,}{named} ({use['used'] / use['available']:.0%})")
    return ", ".join(texts) or "-"


def new_page(board: Board) -> str:
    """Begin the page of a board that has none: what the board file cannot say is to be added."""
    return f"""# {board.title}

A sentence on the board, and what makes it another one than its neighbours.

<!-- made: facts -->
<!-- end -->

## Wiring of the link

Behind the link's pins: {board.bridge}. On Linux it is `{port(board).split("@")[0]}`.

## Build, flash, test, first inference

<!-- made: commands -->
<!-- end -->

[The first hour](README.md#the-first-hour) says what each of these prints, and what to do where it
prints something else.

## Good to know

- What is lost at power-off, which button resets, what the loader wants.
"""


def made() -> dict[Path, dict[str, str]]:
    """Make every part: of each page, its sections by name."""
    pages = {
        DOCS.parent / "README.md": {"figures": figures()},
        PAGES / "README.md": {"index": index()},
        DOCS / "geometry.md": {"parts": parts()},
    }
    for board in all_boards():
        pages[PAGES / f"{board.name}.md"] = {"facts": facts(board), "commands": commands(board)}
    return pages


def replaced(text: str, sections: dict[str, str]) -> str:
    """Put sections into a page."""
    for name, section in sections.items():
        mark = re.compile(rf"(<!-- made: {name} -->\n).*?(<!-- end -->)", re.S)
        assert mark.search(text), f"<!-- made: {name} --> is missing"
        text = mark.sub(lambda found, new=section: f"{found[1]}{new}\n{found[2]}", text)
    return text


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    for board in all_boards():
        page = PAGES / f"{board.name}.md"
        if not page.exists():
            page.write_text(new_page(board), encoding="utf-8")
            print(f"{page.relative_to(DOCS.parent)} is new: complete it")
    for path, sections in made().items():
        path.write_text(replaced(path.read_text(encoding="utf-8"), sections), encoding="utf-8")
        print(path.relative_to(DOCS.parent))
