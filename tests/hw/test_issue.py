from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.issue import Issue

GEOMETRIES = [
    Geometry(3, 5, activation_words=8192, weight_words=16384),
    Geometry(4, 2, 2, requantise_bits=16, activation_words=8192, weight_words=16384),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_issue(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Issue(geometry), "issue", geometry)
