from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.endpoint import Endpoint

SMALL = {
    "weight_words": 16,
    "activation_words": 50,
    "parameter_words": 16,
    "program_words": 16,
    "link_bytes": 512,
}
GEOMETRIES = [Geometry(1, 1, **SMALL), Geometry(3, 5, **SMALL), Geometry(8, 4, 2, 2, **SMALL)]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_endpoint(run_module: Callable[..., None], simulator: str, geometry: Geometry) -> None:
    # Icarus is some ten times slower.
    run_module(
        Endpoint(geometry), "endpoint", geometry, batches=60 if simulator == "verilator" else 6
    )
