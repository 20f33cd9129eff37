"""Gowin's primitives do what the portable description does, at the same latency."""

from types import SimpleNamespace

import pytest
from amaranth.back import rtlil
from amaranth.hdl import signed

from otus.hw.multiplier import Multiplier
from otus.hw.parts import Part
from otus.hw.parts.memory import BlockMemory
from otus.sim.cocotb_runner import run_bench

PLATFORM = SimpleNamespace(part=Part("gowin"))


@pytest.mark.parametrize(
    ("left", "right", "cell"),
    [(8, 8, "MULT9X9"), (9, 9, "MULT9X9"), (16, 17, "MULT18X18"), (17, 17, "MULT18X18")],
)
def test_multiplier(simulator: str, left: int, right: int, cell: str) -> None:
    component = Multiplier(signed(left), signed(right))
    assert cell in rtlil.convert(component, platform=PLATFORM)
    run_bench(
        component,
        "otus.sim.benches.tb_multiplier",
        simulator=simulator,
        parameters={"left": left, "right": right},
        platform=PLATFORM,
        models=["gowin.v"],
    )


def test_multipliers_beyond_the_dsp_blocks_are_luts() -> None:
    platform = SimpleNamespace(part=Part("gowin", dsp_multipliers=5))
    kinds = [
        "MULT9X9" in rtlil.convert(Multiplier(signed(8), signed(8), number), platform=platform)
        for number in (0, 4, 5, None)
    ]
    assert kinds == [True, True, False, True]


@pytest.mark.parametrize(
    ("width", "depth", "parts", "readers", "cell", "count"),
    [
        (32, 512, 1, 1, "SDPB", 1),
        (64, 24, 8, 1, "SDPB", 2),
        (32, 300, 2, 2, "SDPB", 2),
        (24, 40, 3, 1, "SDPB", 1),
        (64, 1024, 1, 1, "SDPB", 4),
        (16, 2048, 2, 1, "SDPB", 2),
        (16, 4096, 1, 1, "SDPB", 4),
        (8, 5000, 1, 1, "SDPB", 4),
        (8, 16384, 1, 1, "SDPB", 8),
        (72, 512, 1, 1, "SDPX9B", 2),
        (144, 100, 1, 1, "SDPX9B", 4),
        (72, 1024, 2, 1, "SDPX9B", 4),
        (72, 2048, 1, 1, "SDPX9B", 8),
        (72, 4096, 1, 1, "SDPB", 18),
        (8, 2, 1, 1, "SDPB", 1),
    ],
)
def test_memory(
    simulator: str, width: int, depth: int, parts: int, readers: int, cell: str, count: int
) -> None:
    component = BlockMemory(width, depth, parts=parts, readers=readers)
    assert rtlil.convert(component, platform=PLATFORM).count(f"cell \\{cell} ") == count
    run_bench(
        component,
        "otus.sim.benches.tb_memory",
        simulator=simulator,
        parameters={"width": width, "depth": depth, "parts": parts, "readers": readers},
        platform=PLATFORM,
        models=["gowin.v"],
    )


@pytest.mark.parametrize(
    ("width", "depth", "parts"), [(8, 16385, 1), (20, 512, 1), (24, 512, 2), (12, 100, 1)]
)
def test_memories_that_no_block_ram_holds_are_refused(width: int, depth: int, parts: int) -> None:
    with pytest.raises(
        ValueError,
        match=rf"got {depth} words in parts of {width // parts} bits, allowed are at most 16384",
    ):
        rtlil.convert(BlockMemory(width, depth, parts=parts), platform=PLATFORM)
