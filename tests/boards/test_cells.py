"""The check of cells: netlists by the real synthesis, as it should be used and as it should not."""

import json
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from otus.boards.cells import CellCount, CellsError, check_cells, instanced
from otus.boards.family import ECP5, GOWIN, ICE40, Family
from otus.boards.tools import find_tools
from otus.hw.parts import gowin


class Products(wiring.Component):
    """`a * b + c * d`, left to synthesis."""

    a: In(signed(8))
    b: In(signed(8))
    c: In(signed(8))
    d: In(signed(8))
    o: Out(signed(18))

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.d.sync += self.o.eq(self.a * self.b + self.c * self.d)
        return m


class Instances(wiring.Component):
    """The same with multipliers that are instanced, each with its own input registers."""

    a: In(16)
    b: In(16)
    o: Out(32)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        products = []
        for i in range(2):
            product = Signal(32, name=f"product_{i}")
            m.submodules[f"multiplier_{i}"] = Instance(
                "SB_MAC16",
                p_A_SIGNED=Const(1, 1),
                p_B_SIGNED=Const(1, 1),
                p_A_REG=Const(1, 1),
                p_TOPOUTPUT_SELECT=Const(3, 2),
                p_BOTOUTPUT_SELECT=Const(3, 2),
                i_CLK=ClockSignal(),
                i_CE=Const(1),
                i_A=self.a,
                i_B=self.b + i,
                o_O=product,
            )
            products.append(product)
        m.d.sync += self.o.eq(products[0] + products[1])
        return m


class Twice(wiring.Component):
    """A design whose cells are two levels down, beside a memory that synthesis builds."""

    a: In(16)
    b: In(16)
    o: Out(32)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.memory = cells = memory.Memory(shape=16, depth=256, init=[])
        write, read = cells.write_port(), cells.read_port()
        m.d.comb += [
            write.addr.eq(self.b),
            write.data.eq(self.a),
            write.en.eq(self.a[0]),
            read.addr.eq(self.a),
        ]
        parts = []
        for i in range(2):
            m.submodules[f"part_{i}"] = part = Instances()
            m.d.comb += [part.a.eq(read.data + i), part.b.eq(self.b)]
            parts.append(part)
        m.d.sync += self.o.eq(parts[0].o ^ parts[1].o)
        return m


class OnGowin(wiring.Component):
    """Two products of 9 bits and one of 18, and memories of bytes and of nine bits, instanced."""

    a: In(signed(18))
    b: In(signed(18))
    o: Out(36)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        total = 0
        for index, width in enumerate((9, 9, 18)):
            product = Signal(signed(2 * width), name=f"product_{index}")
            operands = self.a[index : index + width], self.b[:width]
            m.submodules[f"multiplier_{index}"] = gowin.multiplier(
                *(operand.as_signed() for operand in operands), product
            )
            total = total ^ product
        for width in (8, 18):
            read = Signal(width, name=f"read_{width}")
            m.submodules[f"memory_{width}"] = gowin.memory(
                512, self.a[0], self.b[:9], self.a[:width], [(self.b[9:], read)]
            )
            total = total ^ read
        m.d.sync += self.o.eq(total)
        return m


def synthesise(folder: Path, text: str, command: str) -> Path:
    """Run yosys on RTLIL."""
    (folder / "top.il").write_text(text)
    (folder / "top.ys").write_text(f"read_rtlil top.il\n{command} -top top\nwrite_json top.json\n")
    code, printed, _ = find_tools(["yosys"])["yosys"].run(["-q", "-l", "top.rpt", "top.ys"], folder)
    assert code == 0, printed
    return folder / "top.json"


def convert(design: wiring.Component) -> str:
    return rtlil.convert(design, name="top", emit_src=False)


@pytest.mark.parametrize(
    ("design", "counts"),
    [
        (Products(), {}),
        (Instances(), {"SB_MAC16": CellCount(2, 2)}),
        (Twice(), {"SB_MAC16": CellCount(4, 4), "SB_RAM40_4K": CellCount(0, 1)}),
    ],
    ids=["products", "instances", "twice"],
)
def test_what_was_instanced_is_there(
    tmp_path: Path, design: wiring.Component, counts: dict[str, CellCount]
) -> None:
    text = convert(design)
    netlist = synthesise(tmp_path, text, f"synth_ice40 {ICE40.synthesis}")
    assert check_cells(text, netlist, ICE40) == counts


def test_synth_ice40_dsp_is_caught_where_it_infers(tmp_path: Path) -> None:
    text = convert(Products())
    netlist = synthesise(tmp_path, text, "synth_ice40 -dsp")
    with pytest.raises(CellsError, match=r"SB_MAC16: 0 instanced, [12] in the netlist, 0 of them"):
        check_cells(text, netlist, ICE40)


def test_synth_ice40_dsp_is_caught_where_it_rewrites(tmp_path: Path) -> None:
    text = convert(Instances())
    netlist = synthesise(tmp_path, text, "synth_ice40 -dsp")
    with pytest.raises(
        CellsError,
        match=r"SB_MAC16: 2 instanced, 2 in the netlist, 0 of them with the same parameters "
        r"\(for example A_REG: 1 became 0\)\. Use the synthesis options",
    ):
        check_cells(text, netlist, ICE40)


def test_inferred_multipliers_are_caught_on_ecp5(tmp_path: Path) -> None:
    text = convert(Products())
    netlist = synthesise(tmp_path, text, "synth_ecp5")
    with pytest.raises(CellsError, match="MULT18X18D: 0 instanced, 2 in the netlist"):
        check_cells(text, netlist, ECP5)
    assert check_cells(text, synthesise(tmp_path, text, "synth_ecp5 -nodsp"), ECP5) == {}


def test_gowin_keeps_what_was_instanced(tmp_path: Path) -> None:
    text = convert(OnGowin())
    netlist = synthesise(tmp_path, text, f"synth_gowin {GOWIN.synthesis}")
    assert check_cells(text, netlist, GOWIN) == {
        "MULT9X9": CellCount(2, 2),
        "MULT18X18": CellCount(1, 1),
        "SDPB": CellCount(1, 1),
        "SDPX9B": CellCount(1, 1),
    }


def test_inferred_multipliers_are_caught_on_gowin(tmp_path: Path) -> None:
    text = convert(Products())
    netlist = synthesise(tmp_path, text, "synth_gowin")
    with pytest.raises(CellsError, match=r"MULT\w+: 0 instanced, [12] in the netlist, 0 of them"):
        check_cells(text, netlist, GOWIN)
    netlist = synthesise(tmp_path, text, f"synth_gowin {GOWIN.synthesis}")
    assert check_cells(text, netlist, GOWIN) == {}


@pytest.mark.parametrize(
    ("kind", "parameter", "value", "message"),
    [
        ("MULT18X18", "PIPE_REG", "0", r"MULT18X18: 1 instanced, 1 .*PIPE_REG: 1 became 0\)"),
        ("SDPX9B", "BIT_WIDTH_1", f"{9:032b}", r"SDPX9B: 1 inst.* \(for example BIT_WIDTH_1: "),
        ("MULT9X9", None, None, r"MULT9X9: 2 instanced, 1 in the netlist, 1 of them"),
        ("SDPB", None, None, r"SDPB: 1 instanced, 0 in the netlist, 0 of them"),
    ],
)
def test_cells_that_are_lost_or_changed_are_caught_on_gowin(
    tmp_path: Path, kind: str, parameter: str | None, value: str, message: str
) -> None:
    text = convert(OnGowin())
    path = synthesise(tmp_path, text, f"synth_gowin {GOWIN.synthesis}")
    netlist = json.loads(path.read_text())
    cells = netlist["modules"]["top"]["cells"]
    name = next(name for name, cell in cells.items() if cell["type"] == kind)
    if parameter is None:
        del cells[name]
    else:
        assert cells[name]["parameters"][parameter] != value
        cells[name]["parameters"][parameter] = value
    path.write_text(json.dumps(netlist))
    with pytest.raises(CellsError, match=message):
        check_cells(text, path, GOWIN)


@pytest.mark.parametrize("family", [ICE40, ECP5], ids=lambda family: family.name)
def test_a_lost_cell_is_caught(tmp_path: Path, family: Family) -> None:
    text = convert(Instances()).replace("SB_MAC16", family.multipliers[0])
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if f"cell \\{family.multipliers[0]}" in line)
    end = lines.index("  end", begin)
    less = "\n".join(lines[:begin] + lines[end + 1 :]) + "\n"
    netlist = synthesise(tmp_path, less.replace(family.multipliers[0], "SB_MAC16"), "synth_ice40")
    netlist.write_text(netlist.read_text().replace("SB_MAC16", family.multipliers[0]))
    with pytest.raises(
        CellsError, match=rf"{family.multipliers[0]}: 2 instanced, 1 in the netlist, 1 of them"
    ):
        check_cells(text, netlist, family)


def test_parameters_are_read_as_yosys_writes_them() -> None:
    text = """
module \\top
  cell \\SB_MAC16 \\one
    parameter \\BITS 5'01x01
    parameter \\NUMBER 12
    parameter signed \\NEGATIVE -3
    parameter \\TEXT "0b1 text"
    connect \\A \\a
  end
  cell $add \\two
    parameter \\WIDTH 8
  end
end
"""
    assert list(instanced(text)) == [
        (
            "SB_MAC16",
            (("BITS", 9), ("NEGATIVE", -3), ("NUMBER", 12), ("TEXT", "0b1 text")),
        ),
    ]
