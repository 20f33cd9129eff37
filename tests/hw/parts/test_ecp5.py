"""ECP5's primitives do what the portable description does, at the same latency."""

from types import SimpleNamespace

import pytest
from amaranth.back import rtlil
from amaranth.hdl import signed

from otus.hw.multiplier import Multiplier
from otus.hw.parts import Part
from otus.hw.parts.memory import BlockMemory
from otus.sim.cocotb_runner import run_bench

PLATFORM = SimpleNamespace(part=Part("ecp5"))


@pytest.mark.parametrize(("left", "right"), [(8, 8), (16, 17), (17, 17), (18, 18)])
def test_multiplier(simulator: str, left: int, right: int) -> None:
    component = Multiplier(signed(left), signed(right))
    assert rtlil.convert(component, platform=PLATFORM).count("cell \\MULT18X18D ") == 1
    run_bench(
        component,
        "otus.sim.benches.tb_multiplier",
        simulator=simulator,
        parameters={"left": left, "right": right},
        platform=PLATFORM,
        models=["ecp5.v"],
    )


@pytest.mark.parametrize(
    ("width", "depth", "parts", "readers", "count"),
    [
        (64, 1024, 1, 1, 4),
        (64, 2048, 1, 1, 8),
        (128, 512, 8, 1, 8),
        (64, 512, 8, 1, 8),
        (32, 40, 4, 2, 8),
        (72, 512, 1, 1, 4),
        (8, 4096, 1, 1, 0),
        (24, 2, 1, 1, 2),
    ],
)
def test_memory(
    simulator: str, width: int, depth: int, parts: int, readers: int, count: int
) -> None:
    component = BlockMemory(width, depth, parts=parts, readers=readers)
    assert rtlil.convert(component, platform=PLATFORM).count("cell \\DP16KD ") == count
    run_bench(
        component,
        "otus.sim.benches.tb_memory",
        simulator=simulator,
        parameters={"width": width, "depth": depth, "parts": parts, "readers": readers},
        platform=PLATFORM,
        models=["ecp5.v"],
    )
