from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.dot_product import DotProduct

GEOMETRIES = [
    Geometry(1, 1),
    Geometry(5, 3),
    Geometry(4, 32),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_dot_product(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(DotProduct(geometry), "dot_product", geometry)
