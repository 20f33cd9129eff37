from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.sequencer import Sequencer

GEOMETRIES = [
    Geometry(3, 5, program_words=128),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g.name)
def test_sequencer(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Sequencer(geometry), "sequencer", geometry)
