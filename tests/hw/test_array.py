from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.array import Array

GEOMETRIES = [
    Geometry(3, 5, weight_words=16),
    Geometry(4, 4, 2, requantise_lanes=2, weight_words=16, accumulator_bits=20),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_array(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Array(geometry), "array", geometry)
