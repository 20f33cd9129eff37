from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.requantise import Requantise


@pytest.mark.parametrize("accumulator_bits", [32, 24])
def test_requantise(run_module: Callable[..., None], accumulator_bits: int) -> None:
    geometry = Geometry(1, 1, accumulator_bits=accumulator_bits)
    run_module(Requantise(geometry), "requantise", geometry)
