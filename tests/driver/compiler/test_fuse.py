"""Poolings: inside the layer before, or a layer of their own; the numbers are the oracle's."""

import numpy as np
import oracles
import pytest
from execute import golden
from modelgen import Builder

from otus.arch.geometry import Geometry
from otus.driver.compiler import ModelError, Program, compile_model
from otus.driver.compiler.fuse import compose

GEOMETRY = Geometry.parse("4x4")


def pooled(
    window: int,
    stride: int,
    *,
    same: bool = False,
    time: int = 12,
    kernel: int = 3,
    activation: str = "NONE",
    before: bool = False,
) -> bytes:
    """A convolution with a pooling after it, or before it."""
    rng = np.random.default_rng(window * 10 + stride)
    b = Builder()
    x = b.input([1, 1, time, 5], 0.05, -9)
    if before:
        x = b.pool(x, (1, window), stride, same=same, activation=activation)
    weights = rng.integers(-127, 128, (7, 1, kernel, 5)).astype(np.int8)
    bias = rng.integers(-3000, 3000, 7).astype(np.int32)
    y = b.conv(x, weights, bias, 0.01, (0.08, -20), activation="RELU")
    if not before:
        y = b.pool(y, (1, window), stride, same=same, activation=activation)
    return b.build(y)


def agrees(model: bytes, geometry: Geometry = GEOMETRY, time: int = 12) -> Program:
    program = compile_model(model, geometry)
    inputs = np.random.default_rng(0).integers(-128, 128, (30, 1, time, 5)).astype(np.int8)
    oracles.require("tflm")
    expected = oracles.run("tflm", model, inputs)
    np.testing.assert_array_equal(golden(program, inputs), expected)
    return program


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 3), (2, 3), (10, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("activation", ["NONE", "RELU6"])
def test_poolings_are_fused(window: int, stride: int, activation: str) -> None:
    program = agrees(pooled(window, stride, activation=activation))
    fits = (10 - window) // stride + 1
    cost, alone = fits * window * 2 * 6, 10 * 2 * 6 + fits * window * 2 * 2
    assert len(program.layers) == (1 if cost <= alone else 2)


@pytest.mark.parametrize(("window", "stride"), [(2, 1), (3, 1), (4, 1)])
def test_overlapping_poolings_of_costly_layers_stand_alone(window: int, stride: int) -> None:
    program = agrees(pooled(window, stride, kernel=5))
    assert [layer.macs > 0 for layer in program.layers] == [True, False]


def test_overlapping_poolings_of_cheap_layers_are_computed_again() -> None:
    program = agrees(pooled(2, 1, kernel=1))
    assert len(program.layers) == 1
    assert program.performed == 11 * 2 * 7 * 5
    assert program.macs == 12 * 7 * 5


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (3, 3), (4, 1), (5, 4)])
def test_poolings_with_padding(window: int, stride: int) -> None:
    agrees(pooled(window, stride, same=True))
    agrees(pooled(window, stride, same=True, time=13), time=13)


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("activation", ["NONE", "RELU", "RELU6"])
def test_poolings_of_the_input(same: bool, activation: str) -> None:
    program = agrees(pooled(3, 2, same=same, activation=activation, before=True))
    assert program.layers[0].macs == 0
    assert program.macs == program.layers[1].macs


def test_padding_that_nothing_needs_is_fused() -> None:
    assert len(agrees(pooled(2, 2, same=True)).layers) == 1


def test_positions_that_pooling_drops_are_not_computed() -> None:
    program = agrees(pooled(2, 2, time=11), time=11)
    assert (program.macs, program.performed) == (9 * 7 * 15, 8 * 7 * 15)


def test_two_poolings_in_a_row() -> None:
    b = Builder()
    x = b.pool(b.pool(b.input([1, 1, 12, 5], 0.05, 0), (1, 2), 2), (1, 3), 1)
    assert len(agrees(b.build(x)).layers) == 2


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((-128, 127), (-128, 127), (-128, 127)),
        ((-20, 127), (-128, 50), (-20, 50)),
        ((-20, 30), (40, 50), (40, 40)),
        ((10, 30), (-40, 5), (5, 5)),
    ],
)
def test_compose(
    first: tuple[int, int], second: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert compose(first, second) == expected
    x = np.arange(-128, 128)
    np.testing.assert_array_equal(np.clip(np.clip(x, *first), *second), np.clip(x, *expected))


def test_windows_past_the_descriptor_are_refused() -> None:
    b = Builder()
    x = b.pool(b.input([1, 1, 300, 2], 0.05, 0), (1, 257), 1)
    with pytest.raises(ModelError, match=r"pools 257 positions, allowed is up to 256; pool in two"):
        compile_model(b.build(x), Geometry.parse("4x4,activation_words=2048"))
