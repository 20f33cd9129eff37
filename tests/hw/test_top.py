from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.top import Top

SMALL = {"weight_words": 256, "activation_words": 256, "parameter_words": 64, "link_bytes": 512}
GEOMETRIES = [Geometry(3, 5, **SMALL), Geometry(4, 2, 2, requantise_lanes=2, **SMALL)]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_top(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Top(geometry), "top", geometry)
