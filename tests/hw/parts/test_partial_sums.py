"""The multiplier of LUTs does what the portable description does, at the same latency."""

from types import SimpleNamespace

import pytest
from amaranth.back import rtlil
from amaranth.hdl import signed

from otus.hw.multiplier import Multiplier
from otus.hw.parts import Part
from otus.sim.cocotb_runner import run_bench

PLATFORM = SimpleNamespace(part=Part("ecp5", dsp_multipliers=5))


@pytest.mark.parametrize("left", [8, 5])
def test_multiplier(simulator: str, left: int) -> None:
    component = Multiplier(signed(left), signed(8), number=5)
    assert "MULT18X18D" not in rtlil.convert(component, platform=PLATFORM)
    run_bench(
        component,
        "otus.sim.benches.tb_multiplier",
        simulator=simulator,
        parameters={"left": left, "right": 8},
        platform=PLATFORM,
    )


def test_other_multipliers_are_dsp_blocks() -> None:
    kinds = [
        "MULT18X18D" in rtlil.convert(Multiplier(signed(8), signed(8), number), platform=PLATFORM)
        for number in (0, 4, 5, None)
    ]
    assert kinds == [True, True, False, True]
