from otus.sim.benches.tb_delay import Line
from otus.sim.cocotb_runner import run_bench


def test_delay(simulator: str) -> None:
    run_bench(Line(3), "otus.sim.benches.tb_delay", simulator=simulator, parameters={"cycles": 3})
