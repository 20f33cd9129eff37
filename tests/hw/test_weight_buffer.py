from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.weight_buffer import WeightBuffer

GEOMETRIES = [
    Geometry(3, 5, weight_words=24),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_weight_buffer(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(WeightBuffer(geometry), "weight_buffer", geometry)
