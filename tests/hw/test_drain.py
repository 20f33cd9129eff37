from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.drain import Drain

GEOMETRIES = [
    Geometry(1, 1),
    Geometry(3, 5, requantise_bits=16),
    Geometry(4, 12, 2, requantise_lanes=2),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_drain(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Drain(geometry), "drain", geometry)
