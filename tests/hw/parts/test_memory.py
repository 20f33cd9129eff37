import pytest

from otus.hw.parts.memory import BlockMemory
from otus.sim.cocotb_runner import run_bench


@pytest.mark.parametrize(
    ("width", "depth", "parts", "readers"), [(24, 24, 1, 1), (32, 40, 4, 2), (8, 2, 1, 1)]
)
def test_memory(simulator: str, width: int, depth: int, parts: int, readers: int) -> None:
    run_bench(
        BlockMemory(width, depth, parts=parts, readers=readers),
        "otus.sim.benches.tb_memory",
        simulator=simulator,
        parameters={"width": width, "depth": depth, "parts": parts, "readers": readers},
    )
