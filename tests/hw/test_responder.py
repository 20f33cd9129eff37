from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.responder import Responder


@pytest.mark.parametrize("geometry", [Geometry(1, 1), Geometry(3, 5)], ids=lambda g: g.name)
def test_responder(run_module: Callable[..., None], geometry: Geometry) -> None:
    run_module(Responder(geometry), "responder", geometry)
