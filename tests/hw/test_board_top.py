from dataclasses import asdict

from otus.arch.geometry import Geometry
from otus.hw.board_top import BoardTop
from otus.sim.cocotb_runner import run_bench

GEOMETRY = Geometry(
    4, 2, weight_words=256, activation_words=256, parameter_words=64, link_bytes=512
)


def test_inference_at_bit_level(fast_simulator: str) -> None:
    board = BoardTop(GEOMETRY, divisor=4, clock_hz=24_000_000, build=0x1234)
    assert board.power_on_cycles == 480
    run_bench(
        board,
        "otus.sim.benches.tb_board_top",
        simulator=fast_simulator,
        parameters={
            "geometry": asdict(GEOMETRY),
            "divisor": board.divisor,
            "build": board.build,
            "clock_hz": board.clock_hz,
            "power_on_cycles": board.power_on_cycles,
        },
    )
