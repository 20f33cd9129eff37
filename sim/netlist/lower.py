"""Lower a netlist of a part's primitives to gates, flip-flops, multipliers and memories.

What a primitive does is said by Verilog alone: the models that come with yosys, and those of
sim/primitives where it has none, or one that only suits synthesis. yosys puts them in the place of
the cells. Across cells only constants are followed.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import cache
from .. import primitives, toolchain

#: A module as yosys' JSON has it: ports, cells, netnames.
Module = dict[str, Any]


@dataclass(frozen=True)
class Models:
    """Where the primitives of a family are described.

    Parameters
        installed : models that come with yosys, in its folder of shared files
        own : files of sim/primitives, which replace modules of the same name
    """

    installed: tuple[str, ...]
    own: tuple[str, ...]


FAMILIES = {
    "generic": Models((), ()),
    "ecp5": Models(("lattice/cells_sim_ecp5.v",), ("ecp5.v", "ecp5_cells.v")),
    "ice40": Models(("ice40/cells_sim.v",), ("ice40.v", "ice40_cells.v")),
}

#: Cells with a truth table: its parameter, its inputs from the lowest on, and where its output
#: goes. A LUT of its own becomes `$lut` at once; another cell's is set beside it, on an input of
#: the model, so that cells that differ in their tables alone share one description.
_TABLES = {
    "LUT4": ("INIT", ("A", "B", "C", "D"), "Z"),
    "SB_LUT4": ("LUT_INIT", ("I0", "I1", "I2", "I3"), "O"),
    "TRELLIS_COMB": ("INITVAL", ("A", "B", "C", "D"), "LUT"),
    "ICESTORM_LC": ("LUT_INIT", ("I0", "I1", "I2", "I3"), "LUT"),
}

#: Every module is turned into gates before it takes the place of cells, once for each set of
#: parameters. A multiplication stays one.
_SCRIPT = """\
{read}
read_json netlist.json
hierarchy -check -top {top}
proc
memory_collect
memory_nordff
dffunmap
opt_expr
opt_clean
simplemap t:$lut %n
techmap t:$mul t:$lut t:$mem_v2 %u %u %n
simplemap t:$lut %n
opt_expr
opt_clean
flatten -noscopeinfo
opt_expr
opt_clean
write_json lowered.json
"""


def lower(module: Module, family: str, yosys: Sequence[str], top: str = "top") -> Module:
    """Return a netlist as gates, `$lut`, `$mul`, `$mem_v2` and `$_DFF_*_` cells.

    Parameters
        module : the netlist's only module
        family : one of FAMILIES
        yosys : the words that start yosys
    Raises
        ToolchainError: a primitive without a model, or a parameter that a model refuses
    """
    models = FAMILIES[family]
    own = {name: (primitives.folder() / name).read_text(encoding="utf-8") for name in models.own}
    read = [f"read_verilog -defer -DNO_INCLUDES +/{name}" for name in models.installed]
    read += [f"read_verilog -defer -icells -overwrite {name}" for name in own]
    script = _SCRIPT.format(read="\n".join(read), top=top)
    with_tables = {**module, "cells": _set_tables(module["cells"])}
    netlist = json.dumps({"modules": {top: with_tables}}, separators=(",", ":"))

    def run(folder: Path) -> None:
        for name, text in {**own, "netlist.json": netlist, "lower.ys": script}.items():
            (folder / name).write_text(text, encoding="utf-8")
        try:
            toolchain.run([*yosys, "-q", "-l", "log", "lower.ys"], cwd=folder)
        except toolchain.ToolchainError as error:
            log = folder / "log"
            tail = log.read_text("utf-8", "replace")[-1000:] if log.exists() else ""
            raise toolchain.ToolchainError(f"{error}\n{tail}") from error
        for name in (*own, "netlist.json", "lower.ys", "log"):
            (folder / name).unlink()

    key = cache.content_key(*yosys, script, netlist, *own.values())
    lowered = json.loads(
        (cache.cached("netlists", key, run) / "lowered.json").read_text(encoding="utf-8")
    )
    result: Module = lowered["modules"][top]
    return result


def _set_tables(cells: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Turn truth tables that are parameters into cells."""
    nets = (b for cell in cells.values() for bits in cell["connections"].values() for b in bits)
    free = itertools.count(1 + max((net for net in nets if isinstance(net, int)), default=1))
    result = {}
    for name, cell in cells.items():
        if cell["type"] not in _TABLES:
            result[name] = cell
            continue
        parameter, inputs, output = _TABLES[cell["type"]]
        pins = cell["connections"]
        output = _only_output(cell) or output
        alone = output in pins
        nets_in = [pins.get(port, ["0"])[0] for port in inputs]
        parameters = dict(cell["parameters"])
        table = int(parameters.pop(parameter, "0").replace("x", "0"), 2)
        out = pins[output] if alone else [next(free)]
        result[f"{name}$lut"] = _lut(table, nets_in, out)
        if alone:
            continue
        pins = {**pins, output: out}
        if parameters.get("MODE") == "CCU2":
            # The lower quarter of the table makes a carry of two of the inputs.
            pins["OWN"] = [next(free)]
            result[f"{name}$own"] = _lut(table & 15, nets_in[:2], pins["OWN"])
        result[name] = {"type": cell["type"], "parameters": parameters, "connections": pins}
    return result


def _only_output(cell: dict[str, Any]) -> str | None:
    """Name the output of a cell of which nothing but its truth table is used."""
    pins, parameters = cell["connections"], cell["parameters"]
    if cell["type"] == "TRELLIS_COMB":
        plain = parameters.get("MODE", "LOGIC") == "LOGIC" and not pins.keys() & {"OFX", "FCO"}
        return "F" if plain and "F" in pins else None
    if cell["type"] == "ICESTORM_LC":
        plain = not int(parameters.get("DFF_ENABLE", "0"), 2) and "COUT" not in pins
        used = pins.keys() & {"O", "LO"}
        return used.pop() if plain and len(used) == 1 else None
    return None


def _lut(table: int, inputs: list[int | str], output: list[int | str]) -> dict[str, Any]:
    width = len(inputs)
    return {
        "type": "$lut",
        "parameters": {"WIDTH": f"{width:032b}", "LUT": f"{table:0{1 << width}b}"},
        "port_directions": {"A": "input", "Y": "output"},
        "connections": {"A": inputs, "Y": output},
    }
