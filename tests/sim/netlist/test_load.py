"""What unconnected inputs become."""

from pathlib import Path

import netlists
import pytest

from otus.sim.netlist.circuit import NetlistError
from otus.sim.netlist.load import read_netlist, read_verilog


def tied(kind: str, parameters: dict[str, str], pins: dict[str, str], tmp_path: Path) -> dict:
    """Return a cell as it is read."""
    module = netlists.module_of({"cell": (kind, parameters, pins)}, {"a": 1}, {})
    return read_netlist(netlists.save(module, tmp_path / "top.json"))["cells"]["cell"]


@pytest.mark.parametrize(
    ("kind", "parameters", "pins", "expected"),
    [
        ("ICESTORM_LC", {}, {"CEN": "", "I0": "a"}, {"CEN": ["1"], "I0": [2]}),
        ("SB_RAM40_4K", {}, {}, {"RCLKE": ["1"], "WCLKE": ["1"]}),
        # Constants of the block RAM of ECP5 are parameters after packing.
        ("DP16KD", {"WEAMUX": "WEA"}, {"WEA": ""}, {"WEA": ["1"]}),
        ("DP16KD", {"WEAMUX": "INV"}, {"WEA": ""}, {"WEA": ["0"]}),
        ("DP16KD", {"ADA3MUX": "1 "}, {"ADA3": ""}, {"ADA3": ["1"]}),
        ("DP16KD", {}, {"CEA": "x", "CEB": "a"}, {"CEA": ["1"], "CEB": [2], "OCEA": ["1"]}),
        ("MULT18X18D", {"A7MUX": "1"}, {}, {"A7": ["1"], "CE0": ["1"]}),
        ("TRELLIS_COMB", {}, {"A": "a"}, {"A": [2], "B": ["1"], "C": ["1"], "D": ["1"]}),
        ("TRELLIS_FF", {"LSRMUX": "INV"}, {"LSR": ""}, {"LSR": ["1"]}),
        ("TRELLIS_FF", {"LSRMUX": "LSR"}, {}, {"LSR": ["0"]}),
    ],
)
def test_unconnected_inputs(
    kind: str, parameters: dict, pins: dict, expected: dict, tmp_path: Path
) -> None:
    cell = tied(kind, parameters, pins, tmp_path)
    assert {port: cell["connections"][port] for port in expected} == expected
    assert not [key for key in cell["parameters"] if kind == "DP16KD"]


def test_an_inverter_that_is_not_modelled_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetlistError, match="cell: DP16KD with WEAMUX = INV is not modelled"):
        tied("DP16KD", {"WEAMUX": "INV"}, {"WEA": "a"}, tmp_path)


def test_a_pll_is_a_wire(tmp_path: Path) -> None:
    assert tied("EHXPLLL", {"CLKI_DIV": "1"}, {}, tmp_path)["parameters"] == {}


def test_global_buffers_get_what_drives_them(tmp_path: Path) -> None:
    attached = {"USER_SIGNAL_TO_GLOBAL_BUFFER": "", "GLOBAL_BUFFER_OUTPUT": "c"}
    cells = {
        "pll_PLL": ("ICESTORM_PLL", {}, {"PLLOUT_A": ""}),
        "$gbuf_pll_pllout_a": ("SB_GB", {}, attached),
        "pad": ("SB_IO", {}, {"D_IN_0": "a", "GLOBAL_BUFFER_OUTPUT": ""}),
        "$gbuf_pad_io": ("SB_GB", {}, {**attached, "GLOBAL_BUFFER_OUTPUT": "d"}),
    }
    path = netlists.save(netlists.module_of(cells, {"a": 1}, {}), tmp_path / "top.json")
    read = read_netlist(path)["cells"]
    drives = read["$gbuf_pll_pllout_a"]["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"]
    assert drives == read["pll_PLL"]["connections"]["PLLOUT_A"]
    assert drives not in ([], [2])
    assert read["$gbuf_pad_io"]["connections"]["USER_SIGNAL_TO_GLOBAL_BUFFER"] == [2]
    del cells["pad"]
    path = netlists.save(netlists.module_of(cells, {"a": 1}, {}), path)
    with pytest.raises(NetlistError, match=r"\$gbuf_pad_io: what drives this global buffer"):
        read_netlist(path)


def test_a_pll_gets_the_pad_that_drives_it(tmp_path: Path) -> None:
    module = netlists.module_of(
        {
            "pll_PLL": ("ICESTORM_PLL", {}, {"PLLOUT_A": "c"}),
            "one": ("SB_IO", {}, {"PACKAGE_PIN": "a", "D_IN_0": "d"}),
            "other": ("SB_IO", {}, {"PACKAGE_PIN": "b", "D_IN_0": ""}),
        },
        {"a": 1, "b": 1},
        {},
    )
    places = {"pll_PLL": "BEL_PAD_INPUT", "one": "NEXTPNR_BEL", "other": "NEXTPNR_BEL"}
    for name, place in (("pll_PLL", "X1/io1"), ("one", "X1/io0"), ("other", "X1/io1")):
        module["cells"][name]["attributes"] = {places[name]: place}
    read = read_netlist(netlists.save(module, tmp_path / "top.json"))["cells"]
    net = read["pll_PLL"]["connections"]["PACKAGEPIN"]
    assert net == read["other"]["connections"]["D_IN_0"]
    assert net not in [[], *(bits for bits in read["one"]["connections"].values())]
    del module["cells"]["other"]
    with pytest.raises(NetlistError, match="pll_PLL: there is no pad at X1/io1, which drives"):
        read_netlist(netlists.save(module, tmp_path / "top.json"))


def test_verilog_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chip.v"
    path.write_text(
        "module chip(input clk, a, output reg q); initial q = 1;"
        "always @(posedge clk) q <= a & q; endmodule"
    )
    module = read_verilog(path, "chip", netlists.yosys())
    simulation = netlists.simulate(module, "generic")
    simulation.set("a", 1)
    simulation.tick()
    assert simulation.get("q") == 1
    simulation.set("a", 0)
    simulation.tick()
    assert simulation.get("q") == 0
