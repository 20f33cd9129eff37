from dataclasses import asdict

import pytest

from otus.arch.geometry import Geometry
from otus.hw.top import Top
from otus.sim.cocotb_runner import run_bench

SMALL = {"weight_words": 256, "activation_words": 256, "parameter_words": 64, "link_bytes": 512}
GEOMETRIES = [Geometry(3, 5, **SMALL), Geometry(4, 2, 2, requantise_lanes=2, **SMALL)]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_top(simulator: str, geometry: Geometry) -> None:
    # All of it takes minutes on Icarus: there, one inference.
    run_bench(
        Top(geometry),
        "otus.sim.benches.tb_top",
        simulator=simulator,
        name="pipelined" if simulator == "icarus" else None,
        parameters={"geometry": asdict(geometry)},
    )
