"""Read a netlist, and say what its unconnected inputs are.

In the silicon no input floats: one that is not connected has a value, which place and route relies
on, and which may be a parameter. Here it becomes a constant, so that models need not know.

Sources: nextpnr, ice40/pack.cc (set_net_constant, pack_special), ecp5/pack.cc (set_net_constant)
and ecp5/bitstream.cc (tie-offs); yosys, techlibs/ice40/cells_sim.v (pull-ups of enables).
"""

import itertools
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import toolchain
from .circuit import NetlistError
from .lower import Module

#: PLLs are wires in simulation: what sets their frequency is dropped.
_PLLS = ("SB_PLL40_CORE", "SB_PLL40_PAD", "ICESTORM_PLL", "EHXPLLL")

#: Inputs that are 1 where nothing is connected; all others are 0.
_ONES: dict[str, tuple[str, ...]] = {
    "SB_RAM40_4K": ("RCLKE", "WCLKE"),
    "ICESTORM_RAM": ("RCLKE", "WCLKE"),
    "ICESTORM_LC": ("CEN",),
    "SB_IO": ("CLOCK_ENABLE",),
    "SB_MAC16": ("CE",),
    "ICESTORM_DSP": ("CE",),
    "DP16KD": ("CEA", "CEB", "OCEA", "OCEB"),
    "MULT18X18D": ("CE0", "CE1", "CE2", "CE3"),
    "TRELLIS_COMB": ("A", "B", "C", "D"),
}

#: Cells in which a parameter `<port>MUX` says what an unconnected input is.
_MUXED = ("DP16KD", "MULT18X18D")

#: Ending of a global buffer's name, ending of its driver's, and the driver's port.
_DRIVERS = (
    ("_pllout_a", "_PLL", "PLLOUT_A"),
    ("_pllout_b", "_PLL", "PLLOUT_B"),
    ("_io", "", "D_IN_0"),
)


#: The primitives are put in their places later, by `lower`.
_READ = """\
read_verilog netlist.v
hierarchy -top {top}
proc
opt_clean
write_json netlist.json
"""


def read_netlist(path: Path, top: str = "top") -> Module:
    """Read the top module of a netlist that yosys or nextpnr wrote as JSON.

    Raises
        NetlistError: a parameter that says what is not modelled
    """
    return _read(path.read_text(encoding="utf-8"), top)


def read_verilog(path: Path, top: str, yosys: Sequence[str]) -> Module:
    """Read a module of Verilog, such as `icebox_vlog` writes for a bitstream.

    Parameters
        yosys : the words that start yosys
    Raises
        ToolchainError: it cannot be read
    """
    with tempfile.TemporaryDirectory(prefix="otus-") as name:
        folder = Path(name)
        shutil.copyfile(path, folder / "netlist.v")
        (folder / "read.ys").write_text(_READ.format(top=top), encoding="utf-8")
        toolchain.run([*yosys, "-q", "-l", "log", "read.ys"], cwd=folder)
        return _read((folder / "netlist.json").read_text(encoding="utf-8"), top)


def _read(text: str, top: str) -> Module:
    module: Module = json.loads(text)["modules"][top]
    cells = {}
    for name, cell in module["cells"].items():
        kind = cell["type"]
        if kind == "$scopeinfo":
            continue
        if kind in _PLLS:
            cell["parameters"] = {}
        _tie(name, kind, cell["parameters"], cell["connections"])
        # Place and route lists every pin of a place, also those that no model has.
        cell["connections"] = {port: bits for port, bits in cell["connections"].items() if bits}
        cells[name] = cell
    _connect_hard_wires(cells)
    module["cells"] = cells
    return module


def _connect_hard_wires(cells: dict[str, dict[str, Any]]) -> None:
    """Connect what is wired in the silicon of iCE40, of which nextpnr keeps no net.

    A global buffer has the name of the pad or PLL that drives it; a PLL says at which place the
    pad is that drives it.
    """
    nets = (b for cell in cells.values() for bits in cell["connections"].values() for b in bits)
    free = itertools.count(1 + max((net for net in nets if isinstance(net, int)), default=1))

    def output(name: str, port: str) -> list[int | str]:
        pins: dict[str, list[int | str]] = cells[name]["connections"]
        return pins.setdefault(port, [next(free)])

    pads = {}
    for name, cell in cells.items():
        if cell["type"] == "SB_IO":
            cell["connections"].pop("GLOBAL_BUFFER_OUTPUT", None)
            pads[cell.get("attributes", {}).get("NEXTPNR_BEL")] = name
    for name, cell in cells.items():
        place = cell.get("attributes", {}).get("BEL_PAD_INPUT")
        if place is not None:
            if place not in pads:
                raise NetlistError(f"{name}: there is no pad at {place}, which drives this PLL")
            cell["connections"]["PACKAGEPIN"] = output(pads[place], "D_IN_0")
        if cell["type"] != "SB_GB" or cell["connections"].get("USER_SIGNAL_TO_GLOBAL_BUFFER"):
            continue
        for ending, source, port in _DRIVERS:
            driver = name.removeprefix("$gbuf_").removesuffix(ending) + source
            if name.endswith(ending) and driver in cells:
                cell["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] = output(driver, port)
                break
        else:
            raise NetlistError(f"{name}: what drives this global buffer is not known")


def _tie(
    name: str, kind: str, parameters: dict[str, str], connections: dict[str, list[int | str]]
) -> None:
    """Give unconnected inputs their values."""

    def connected(port: str) -> bool:
        return any(bit not in ("x", "z") for bit in connections.get(port, ()))

    for port in _ONES.get(kind, ()):
        if not connected(port):
            connections[port] = ["1"]
    if kind == "TRELLIS_FF" and not connected("LSR"):
        connections["LSR"] = ["1" if parameters.get("LSRMUX") == "INV" else "0"]
    if kind == "TRELLIS_COMB" and connected("FXA"):
        # The multiplexer of two others' outputs: nextpnr tells it by where the cell is.
        parameters["IS_Z1"] = "1"
    if kind not in _MUXED:
        return
    for key in [key for key in parameters if key.endswith("MUX")]:
        # yosys' JSON marks strings of digits by a space.
        port, value = key.removesuffix("MUX"), parameters[key].rstrip()
        if value == port:
            # As it is; and without a net, 1.
            if not connected(port):
                connections[port] = ["1"]
        elif value in ("0", "1"):
            connections[port] = [value]
        elif value == "INV" and (not connected(port) or connections[port] == ["1"]):
            connections[port] = ["0"]
        elif value == "INV" and connections[port] == ["0"]:
            connections[port] = ["1"]
        elif value == "INV" and port in ("CLKA", "CLKB"):
            # The model knows inverted clocks.
            continue
        else:
            raise NetlistError(f"{name}: {kind} with {key} = {value} is not modelled")
        del parameters[key]
