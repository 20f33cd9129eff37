import pytest

from otus.hw.stream_register import StreamRegister
from otus.sim.cocotb_runner import run_bench


@pytest.mark.parametrize("width", [8])
def test_stream_register(simulator: str, width: int) -> None:
    run_bench(
        StreamRegister(width),
        "otus.sim.benches.queue",
        simulator=simulator,
        parameters={"width": width},
    )
