"""Amaranth's Gowin platforms drive the tools that there are."""

import pytest
from amaranth.hdl import ClockSignal, Elaboratable, Module, Signal
from amaranth.lib import io

from otus.boards import find
from otus.boards.gowin import GowinHimbaechel
from otus.boards.plan import elaborate
from otus.hw.parts import Part, part_of

BOARDS = {
    "tang-nano-9k": ("GW1NR-LV9QN88PC6/I5", "GW1N-9C"),
    "tang-primer-20k": ("GW2A-LV18PG256C8/I7", "GW2A-18C"),
}


@pytest.mark.parametrize(("name", "device", "family"), [(n, *v) for n, v in BOARDS.items()])
def test_commands_are_those_of_the_present_tools(name: str, device: str, family: str) -> None:
    board = find(name)
    plan = elaborate(board, board.setup())
    synthesis, place, pack = plan.commands
    assert synthesis[0] == "yosys"
    assert place[0] == "nextpnr-himbaechel"
    assert place[place.index("--device") + 1] == device == board.device
    options = [place[i + 1] for i, word in enumerate(place) if word == "--vopt"]
    assert options == [f"family={family}", "cst=top.cst"]
    assert pack[:5] == ["gowin_pack", "-d", family, "-o", "top.fs"]
    assert "synth_gowin -nodsp" in plan.files["top.ys"]


@pytest.mark.parametrize("name", list(BOARDS))
def test_the_design_is_made_of_the_parts_own_cells(name: str) -> None:
    board = find(name)
    setup = board.setup()
    text = elaborate(board, setup).files["top.il"]
    dsp = setup.part.dsp_multipliers or setup.array.macs_per_cycle
    assert text.count("cell \\MULT9X9 ") == dsp
    # Four for each pipelined requantise lane, whose module is there once for each.
    assert text.count("cell \\MULT18X18 ") == 4 * setup.array.requantise_lanes
    assert text.count("cell \\SDPB ") > setup.array.columns
    assert text.count("cell \\SDPX9B ") == 2 * setup.array.requantise_lanes
    assert text.count("cell \\rPLL ") == 1


class Blinky(Elaboratable):
    def elaborate(self, platform: GowinHimbaechel) -> Module:
        m = Module()
        m.submodules.led = led = io.Buffer("o", platform.request("led", 0, dir="-"))
        counter = Signal(24)
        m.d.sync += counter.eq(counter + 1)
        m.d.comb += led.o.eq(counter[-1] & ~ClockSignal())
        return m


def test_the_platform_builds_any_design_with_its_overrides() -> None:
    platform = find("tang-nano-9k").platform()
    assert isinstance(platform, GowinHimbaechel)
    assert part_of(platform) == Part("gowin")
    plan = platform.build(
        Blinky(), do_build=False, debug_verilog=False, nextpnr_opts="--freq 54 --seed 3"
    )
    script = plan.files["build_top.sh"]
    script = script if isinstance(script, str) else script.decode()
    assert ": ${NEXTPNR_HIMBAECHEL:=nextpnr-himbaechel}" in script
    assert '"$NEXTPNR_HIMBAECHEL" --quiet --freq 54 --seed 3 --log top.tim' in script
    assert "nextpnr-gowin" not in script
