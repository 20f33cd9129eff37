"""Padding and dense layers on rows; the refusals of operators are in test_normalise.py."""

import numpy as np
import oracles
import pytest
from execute import golden
from modelgen import Builder

from otus.arch.geometry import Geometry
from otus.driver.compiler import ModelError, compile_model
from otus.driver.compiler.steps import padding


@pytest.mark.parametrize(
    ("kind", "size", "window", "stride", "expected"),
    [
        (1, 9, 2, 2, (4, 0)),
        (1, 3, 4, 1, (0, 0)),
        (0, 9, 2, 2, (5, 0)),
        (0, 9, 5, 1, (9, 2)),
        (0, 9, 4, 3, (3, 0)),
        (0, 8, 4, 3, (3, 1)),
    ],
)
def test_padding(kind: int, size: int, window: int, stride: int, expected: tuple[int, int]) -> None:
    assert padding(kind, size, window, stride) == expected


@pytest.mark.parametrize("kind", [2, -1, 127])
def test_unknown_paddings_are_refused(kind: int) -> None:
    with pytest.raises(ModelError, match=rf"padding number {kind}, allowed is SAME or VALID"):
        padding(kind, 9, 3, 1)


@pytest.mark.parametrize("oracle", ["tflm", "litert"])
@pytest.mark.parametrize("vertical", [False, True])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_time_runs_along_either_axis(oracle: str, vertical: bool, stride: int) -> None:
    oracles.require(oracle)
    rng = np.random.default_rng(stride)
    shape, kernel = ((1, 11, 1, 3), (4, 1)) if vertical else ((1, 1, 11, 3), (1, 4))
    b = Builder()
    x = b.input(shape, 0.1, -30)
    weights = rng.integers(-127, 128, (5, *kernel, 3)).astype(np.int8)
    bias = np.arange(5, dtype=np.int32) * 100
    y = b.conv(x, weights, bias, 0.01, (0.4, 9), stride=stride, same=True)
    model = b.build(b.pool(y, (2, 1) if vertical else (1, 2), 2))
    inputs = rng.integers(-128, 128, (20, *shape[1:])).astype(np.int8)
    program = compile_model(model, Geometry.parse("4x4"), "tflm" if oracle == "tflm" else "litert")
    np.testing.assert_array_equal(golden(program, inputs), oracles.run(oracle, model, inputs))
