from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.column import Column

GEOMETRIES = [
    Geometry(3, 5, weight_words=16),
    Geometry(4, 2, 2, weight_words=8, accumulator_bits=20),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_column(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Column(geometry), "column", geometry)
