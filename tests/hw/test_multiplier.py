import pytest
from amaranth.hdl import signed

from otus.hw.multiplier import Multiplier
from otus.sim.cocotb_runner import run_bench


@pytest.mark.parametrize(("left", "right"), [(8, 8), (16, 17)])
def test_multiplier(simulator: str, left: int, right: int) -> None:
    run_bench(
        Multiplier(signed(left), signed(right)),
        "otus.sim.benches.tb_multiplier",
        simulator=simulator,
        parameters={"left": left, "right": right},
    )
