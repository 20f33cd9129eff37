from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.accumulator import Accumulator

GEOMETRIES = [
    Geometry(1, 1, accumulator_bits=20),
    Geometry(8, 2),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_accumulator(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Accumulator(geometry), "accumulator", geometry)
