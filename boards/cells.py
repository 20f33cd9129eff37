"""Check that synthesis kept every multiplier and memory that the design instanced.

A pass that merges two products into one block, drops one, or rewrites a block's mode leaves a
netlist that places and routes well and computes wrong numbers: `synth_ice40 -dsp` of yosys 0.70
makes one SB_MAC16 of `a * b + c * d`. So multipliers and memories are instanced, and compared one
by one.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import BoardError
from .family import Family

#: A cell's type and its parameters.
Cell = tuple[str, tuple[tuple[str, str | int], ...]]

_MODULE = re.compile(r"module \\(\S+)")
_CELL = re.compile(r"  cell \\(\S+) ")
_PARAMETER = re.compile(r'    parameter (?:signed )?\\(\S+) (?:(\d+)\'([01xz]*)|"(.*)"|(-?\d+))$')


class CellsError(BoardError):
    """The netlist does not have the cells that the design instanced."""


@dataclass(frozen=True)
class CellCount:
    """How many cells of a type the design instanced, and how many the netlist has."""

    instanced: int
    netlist: int


def check_cells(
    rtlil: str, netlist: Path, family: Family, top: str = "top"
) -> dict[str, CellCount]:
    """Compare the multiplier and memory cells of a design with those of its netlist.

    Memories that the design describes, and leaves to synthesis to build, may be there besides.

    Parameters
        rtlil : the design before synthesis
        netlist : what synthesis wrote, JSON
        family : whose cells to look at
        top : name of the top module
    Returns
        the counts of each type that either of them has
    Raises
        CellsError: they differ; says which, and by how many
    """
    types = (*family.multipliers, *family.memories)
    asked = Counter(cell for cell in instanced(rtlil, top) if cell[0] in types)
    got = Counter(cell for cell in synthesised(netlist, top) if cell[0] in types)
    wrong = []
    for kind in types:
        lost = _of(asked - got, kind)
        extra = _of(got - asked, kind) if kind in family.multipliers else 0
        if lost or extra:
            wrong.append(
                f"{kind}: {_of(asked, kind)} instanced, {_of(got, kind)} in the netlist, "
                f"{_of(asked & got, kind)} of them with the same parameters"
                + _example(asked - got, got - asked, kind)
            )
    if wrong:
        raise CellsError(
            "synthesis changed what the design instanced; this netlist would compute wrong "
            f"numbers: {'; '.join(wrong)}. Use the synthesis options of the board's family as they "
            "are, and report the version of yosys"
        )
    return {
        kind: CellCount(_of(asked, kind), _of(got, kind))
        for kind in types
        if _of(asked, kind) or _of(got, kind)
    }


def _of(cells: Counter[Cell], kind: str) -> int:
    return sum(count for (found, _), count in cells.items() if found == kind)


def _example(lost: Counter[Cell], extra: Counter[Cell], kind: str) -> str:
    """Show the first parameter that differs, where cells changed rather than came or went."""
    before = next((dict(p) for found, p in lost if found == kind), None)
    after = next((dict(p) for found, p in extra if found == kind), None)
    if before is None or after is None:
        return ""
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            return f" (for example {name}: {before.get(name)!r} became {after.get(name)!r})"
    return ""


def instanced(rtlil: str, top: str = "top") -> Iterator[Cell]:
    """List the cells that a design instances, a module's as often as the module is used."""
    modules: dict[str, list[tuple[str, dict[str, str | int]]]] = {}
    cells: list[tuple[str, dict[str, str | int]]] = []
    for line in rtlil.splitlines():
        if match := _MODULE.match(line):
            cells = modules[match[1]] = []
        elif match := _CELL.match(line):
            cells.append((match[1], {}))
        elif line.startswith("  cell "):
            cells.append(("", {}))
        elif match := _PARAMETER.match(line):
            name, _, bits, text, number = match.groups()
            cells[-1][1][name] = (
                _value(bits) if bits is not None else text if text is not None else int(number)
            )
    pending = [top]
    while pending:
        for kind, parameters in modules[pending.pop()]:
            if kind in modules:
                pending.append(kind)
            elif kind:
                yield kind, tuple(sorted(parameters.items()))


def synthesised(netlist: Path, top: str = "top") -> Iterator[Cell]:
    """List the cells of a flat netlist."""
    modules = json.loads(netlist.read_text(encoding="utf-8"))["modules"]
    for cell in modules[top]["cells"].values():
        parameters = {name: _json_value(value) for name, value in cell["parameters"].items()}
        yield cell["type"], tuple(sorted(parameters.items()))


def _json_value(value: str | int) -> str | int:
    """Read a parameter: yosys writes bits as text, and text that looks like bits with a space."""
    if isinstance(value, int):
        return value
    return _value(value) if re.fullmatch("[01xz]+", value) else value.removesuffix(" ")


def _value(bits: str) -> int:
    """Read bits; what is undefined counts as 0."""
    return int(re.sub("[xz]", "0", bits) or "0", 2)
