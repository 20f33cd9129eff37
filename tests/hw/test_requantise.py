from collections.abc import Callable

import pytest

from otus.arch.geometry import PIPELINED, Geometry
from otus.hw.requantise import Requantise


@pytest.mark.parametrize(
    ("bits", "accumulator_bits"), [(PIPELINED, 32), (16, 24), (8, 32), (4, 20)]
)
def test_requantise(run_module: Callable[..., None], bits: int, accumulator_bits: int) -> None:
    geometry = Geometry(1, 1, requantise_bits=bits, accumulator_bits=accumulator_bits)
    run_module(Requantise(geometry), "requantise", geometry)
