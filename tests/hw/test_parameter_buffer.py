from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.parameter_buffer import ParameterBuffer

GEOMETRIES = [
    Geometry(4, 2, requantise_lanes=2, parameter_words=12),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_parameter_buffer(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(ParameterBuffer(geometry), "parameter_buffer", geometry)
