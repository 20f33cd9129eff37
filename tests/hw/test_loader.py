from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.loader import Loader

SMALL = {"weight_words": 8, "activation_words": 50, "parameter_words": 16, "program_words": 16}
GEOMETRIES = [
    Geometry(1, 1, **SMALL),
    Geometry(3, 5, **SMALL),
    Geometry(8, 4, 2, 2, **SMALL),
    # As many words as the contract's addresses reach.
    Geometry(2, 2, **{**SMALL, "weight_words": 1 << 16}),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: f"{g.name},{g.weight_words}")
def test_loader(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Loader(geometry), "loader", geometry)
