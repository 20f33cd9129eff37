# amaranth: UnusedElaboratable=no
"""iCE40's primitives do what the portable description does, at the same latency."""

from collections.abc import Callable
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from amaranth.back import rtlil

from otus.arch.geometry import Geometry
from otus.hw.column import Column
from otus.hw.dot_product import DotProduct
from otus.hw.parts.ice40 import HX, ULTRAPLUS, SinglePortMemory
from otus.hw.parts.memory import BlockMemory
from otus.hw.weight_buffer import WeightBuffer
from otus.sim.benches.tb_core import ResettableCore
from otus.sim.cocotb_runner import run_bench

UP = SimpleNamespace(part=ULTRAPLUS)


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_dot_product(simulator: str, rows: int) -> None:
    geometry = Geometry(rows, 1)
    component = DotProduct(geometry)
    # Two lanes a block; one that is left over is built from LUTs.
    assert rtlil.convert(component, platform=UP).count(r"cell \SB_MAC16 ") == rows // 2
    run_bench(
        component,
        "otus.sim.benches.tb_dot_product",
        simulator=simulator,
        parameters={"geometry": asdict(geometry)},
        platform=UP,
        models=["ice40.v"],
    )


def test_parts_without_dsp_blocks_have_none() -> None:
    netlist = rtlil.convert(Column(Geometry(4, 1)), platform=SimpleNamespace(part=HX))
    assert "SB_MAC16" not in netlist
    assert "SB_SPRAM256KA" not in netlist
    assert "SB_RAM40_4K" in netlist


@pytest.mark.parametrize(
    ("width", "depth", "parts", "readers", "count"),
    [
        (32, 256, 1, 1, 2),
        (16, 24, 2, 1, 2),
        (32, 512, 4, 2, 8),
        (9, 300, 1, 1, 2),
        (8, 1024, 1, 2, 4),
        (6, 2048, 2, 1, 4),
        (72, 512, 1, 1, 9),
        (8, 2, 1, 1, 1),
    ],
)
def test_memory(
    simulator: str, width: int, depth: int, parts: int, readers: int, count: int
) -> None:
    component = BlockMemory(width, depth, parts=parts, readers=readers)
    assert rtlil.convert(component, platform=UP).count(r"cell \SB_RAM40_4K ") == count
    run_bench(
        component,
        "otus.sim.benches.tb_memory",
        simulator=simulator,
        parameters={"width": width, "depth": depth, "parts": parts, "readers": readers},
        platform=UP,
        models=["ice40.v"],
    )


@pytest.mark.parametrize(("width", "depth", "count"), [(32, 16384, 2), (24, 100, 2), (8, 2, 1)])
def test_single_port_memory(simulator: str, width: int, depth: int, count: int) -> None:
    component = SinglePortMemory(width, depth)
    assert rtlil.convert(component, platform=UP).count(r"cell \SB_SPRAM256KA ") == count
    run_bench(
        component,
        "otus.sim.benches.tb_single_port_memory",
        simulator=simulator,
        parameters={"width": width, "depth": depth},
        platform=UP,
        models=["ice40.v"],
    )


def test_core(fast_simulator: str) -> None:
    """Weights that the link writes during a run wait, and change neither results nor cycles."""
    geometry = Geometry(
        4, 2, 2, weight_words=256, activation_words=128, parameter_words=128, requantise_bits=4
    )
    run_bench(
        ResettableCore(geometry),
        "otus.sim.benches.tb_core",
        simulator=fast_simulator,
        parameters={"geometry": asdict(geometry)},
        platform=UP,
        models=["ice40.v"],
    )


def test_weights_are_in_single_port_memory() -> None:
    buffer = WeightBuffer(Geometry(4, 2, weight_words=16384))
    assert rtlil.convert(buffer, platform=UP).count(r"cell \SB_SPRAM256KA ") == 2


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: rtlil.convert(BlockMemory(8, 2049), platform=UP),
            "block RAM of iCE40: got 2049 words, allowed is at most 2048",
        ),
        (
            lambda: SinglePortMemory(8, 16385),
            "single-port RAM of iCE40: got 16385 words, allowed is at most 16384",
        ),
    ],
)
def test_memories_that_are_too_deep_are_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()
