from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.write_back import WriteBack

GEOMETRIES = [
    Geometry(3, 5),
    Geometry(4, 4, 2, requantise_lanes=2),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_write_back(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(WriteBack(geometry), "write_back", geometry)
