from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.sim.benches.tb_core import ResettableCore

SMALL = {"weight_words": 256, "activation_words": 128, "parameter_words": 128}

#: Larger ones run on the compiled board (tests/sim/test_geometries.py).
GEOMETRIES = [
    Geometry(1, 1, **SMALL),
    Geometry(2, 2, requantise_lanes=2, **SMALL),
    Geometry(3, 5, requantise_bits=8, accumulator_bits=24, **SMALL),
    Geometry(4, 4, requantise_lanes=2, **SMALL),
    Geometry(4, 2, 2, requantise_lanes=1, requantise_bits=16, **SMALL),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_core(run_module_fast: Callable[..., None], geometry: Geometry) -> None:
    run_module_fast(ResettableCore(geometry), "core", geometry)
