from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.iterative_requantise import IterativeRequantise


@pytest.mark.parametrize(("bits", "accumulator_bits"), [(16, 24), (8, 32), (4, 20), (4, 24)])
def test_requantise(run_module: Callable[..., None], bits: int, accumulator_bits: int) -> None:
    geometry = Geometry(1, 1, requantise_bits=bits, accumulator_bits=accumulator_bits)
    run_module(IterativeRequantise(geometry), "requantise", geometry)
