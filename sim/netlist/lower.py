"""Lower a netlist of a part's primitives to gates, flip-flops, multipliers and memories.

What a primitive does is said by Verilog alone: the models that come with yosys, and those of
sim/primitives where it has none, or one that only suits synthesis. yosys puts them in the place of
the cells. Across cells only constants are followed.
"""

import json
from collections.abc import Sequence
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
    netlist = json.dumps({"modules": {top: module}}, separators=(",", ":"))

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
