from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.activation_buffer import ActivationBuffer

GEOMETRIES = [
    Geometry(3, 5, activation_words=20),
    Geometry(4, 2, 2, requantise_lanes=2, activation_words=16),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_activation_buffer(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(ActivationBuffer(geometry), "activation_buffer", geometry)
