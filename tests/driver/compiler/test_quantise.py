"""Multipliers, clamps and the proof that nothing overflows."""

from typing import Any

import numpy as np
import oracles
import pytest
from execute import golden
from modelgen import Builder

from otus.arch.geometry import Geometry
from otus.arch.memory import Rounding
from otus.driver.compiler import ModelError, Oracle, compile_model
from otus.driver.compiler.graph import Quantisation
from otus.driver.compiler.quantise import activation_range, sum_limits

GEOMETRY = Geometry.parse("4x4")


def constants(bias: np.ndarray, scales: tuple[float, Any, float], *, dense: bool) -> bytes:
    """Make a model whose sums are its biases: every weight is 0."""
    b = Builder()
    x = b.input([1, 1, 1, 1], scales[0], 0)
    weights = np.zeros((len(bias), 1), np.int8)
    if dense:
        return b.build(b.dense(b.reshape(x, [1, 1]), weights, bias, scales[1], (scales[2], 0)))
    return b.build(b.conv(x, weights[:, :, None, None], bias, scales[1], (scales[2], 0)))


@pytest.mark.parametrize("oracle", ["tflm", "litert"])
@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("scales", [(0.5, 0.5, 2.0), (1.0, 0.5, 3.0), (0.7, 0.011, 0.03)])
def test_rounding_is_the_oracles(
    oracle: Oracle, dense: bool, per_channel: bool, scales: tuple[float, float, float]
) -> None:
    oracles.require(oracle)
    bias = np.arange(-70, 71, dtype=np.int32)
    weight_scale = [scales[1]] * len(bias) if per_channel else scales[1]
    model = constants(bias, (scales[0], weight_scale, scales[2]), dense=dense)
    inputs = np.zeros((1, 1, 1, 1), np.int8)
    got = golden(compile_model(model, GEOMETRY, oracle), inputs)
    np.testing.assert_array_equal(got.reshape(-1), oracles.run(oracle, model, inputs).reshape(-1))


@pytest.mark.parametrize("oracle", ["tflm", "litert"])
def test_one_dense_scale_is_multiplied_in_the_oracles_precision(oracle: Oracle) -> None:
    """Older runtimes round input scale x weight scale to float32 where there is one of them."""
    oracles.require(oracle)
    source, weight, result = (float(np.float32(s)) for s in (0.0123, 3.71e-5, 4.5))
    exact = source * weight / result
    rounded = float(np.float32(source) * np.float32(weight)) / result
    # Between the two places where the output changes.
    halves = np.concatenate([np.arange(20, 120), -np.arange(20, 120)]) + 0.5
    bias = np.round((halves / exact + halves / rounded) / 2).astype(np.int32)
    assert (np.round(bias * exact) != np.round(bias * rounded)).all()
    model = constants(bias, (source, weight, result), dense=True)
    inputs = np.zeros((1, 1, 1, 1), np.int8)
    got = golden(compile_model(model, GEOMETRY, oracle), inputs)
    np.testing.assert_array_equal(got, oracles.run(oracle, model, inputs).reshape(got.shape))
    np.testing.assert_array_equal(got.reshape(-1), np.round(bias * exact))


@pytest.mark.parametrize(
    ("activation", "scale", "zero_point", "expected"),
    [
        ("NONE", 0.1, -5, (-128, 127)),
        ("RELU", 0.1, -128, (-128, 127)),
        ("RELU", 0.1, -5, (-5, 127)),
        ("RELU6", 0.1, -5, (-5, 55)),
        ("RELU6", 0.01, 0, (0, 127)),
        ("RELU6", 4.0, 0, (0, 2)),
        ("RELU6", 0.024, -128, (-128, 122)),
        ("RELU_N1_TO_1", 0.1, -5, (-15, 5)),
        ("RELU_N1_TO_1", 0.4, 100, (97, 103)),
        ("RELU_N1_TO_1", 0.01, -128, (-128, -28)),
    ],
)
def test_activation_range(
    activation: Any, scale: float, zero_point: int, expected: tuple[int, int]
) -> None:
    assert activation_range(activation, Quantisation((scale,), (zero_point,))) == expected


def test_sum_limits_are_reached() -> None:
    rng = np.random.default_rng(0)
    weights = rng.integers(-127, 128, (3, 1, 2))
    limits = sum_limits(weights, -100, 90)
    x = np.array([[a, b] for a in range(-100, 91) for b in range(-100, 91)])
    sums = x @ weights[:, 0].T
    np.testing.assert_array_equal(limits[0], np.minimum(sums.min(axis=0), 0))
    np.testing.assert_array_equal(limits[1], np.maximum(sums.max(axis=0), 0))


def wide(channels: int, weight: int, bias: int = 0, scale: float = 0.01) -> bytes:
    b = Builder()
    x = b.input([1, channels], 0.1, 0)
    weights = np.full((1, channels), weight, np.int8)
    return b.build(b.dense(x, weights, np.array([bias], np.int32), scale, (1.0, 0)))


def test_sums_wider_than_the_accumulators_are_refused() -> None:
    geometry = Geometry.parse("8x8,accumulator_bits=20")
    assert compile_model(wide(32, 127), geometry).layers[0].records
    with pytest.raises(
        ModelError,
        match=r"channel 0: sums reach -536448 to 532257, which needs 21 bits, the accumulators "
        r"have 20; use a geometry with accumulator_bits=21",
    ):
        compile_model(wide(33, 127), geometry)
    assert compile_model(wide(33, 127), Geometry.parse("8x8,accumulator_bits=21"))


def test_the_input_of_a_clamped_layer_reaches_less() -> None:
    b = Builder()
    x = b.input([1, 4], 0.1, 0)
    y = b.dense(x, np.ones((40, 4), np.int8), None, 0.1, (0.1, 0), activation="RELU")
    y = b.dense(y, np.full((1, 40), 127, np.int8), None, 0.01, (1.0, 0))
    # 40 x 127 x -128 would need 21 bits; after a RELU the input is never negative.
    geometry = Geometry.parse("8x8,accumulator_bits=21")
    assert compile_model(b.build(y), geometry)


def test_multipliers_that_are_too_large_are_refused() -> None:
    assert compile_model(wide(2, 1, scale=1270.0), GEOMETRY).layers[0].records[0].left == 7
    with pytest.raises(
        ModelError, match=r"channel 0: multiplier 128, allowed is below 128; convert with a repre"
    ):
        compile_model(wide(2, 1, scale=1280.0), GEOMETRY)


def test_biases_that_leave_32_bits_are_refused() -> None:
    with pytest.raises(ModelError, match=r"with bias reach .* times 1 they do not fit 32 bits"):
        compile_model(wide(2, 100, bias=(1 << 31) - 1, scale=1e-6), GEOMETRY)
    with pytest.raises(ModelError, match=r"times 128 they do not fit 32 bits; convert with"):
        compile_model(wide(2, 1, bias=1 << 24, scale=1270.0), GEOMETRY)


def test_a_dense_bias_with_another_scale_is_refused_as_by_the_runtimes() -> None:
    b = Builder()
    x = b.input([1, 2], 0.1, 0)
    y = b.dense(x, np.ones((2, 2), np.int8), np.zeros(2, np.int32), 0.1, (0.1, 0))
    b.graph.tensors[b.graph.operators[0].inputs[2]].quantization.scale = [0.02]
    with pytest.raises(
        ModelError,
        match=r"bias scale 0.02 differs from input scale x weight scale = 0.01 by 0.1 of the",
    ):
        compile_model(b.build(y), GEOMETRY)


def test_an_empty_activation_range_is_refused() -> None:
    b = Builder()
    x = b.input([1, 2], 0.1, 0)
    y = b.dense(x, np.ones((2, 2), np.int8), None, 0.1, (0.1, -128), activation="RELU6")
    b.graph.tensors[y].quantization.zeroPoint = [-128]
    program = compile_model(b.build(y), GEOMETRY)
    assert (program.layers[0].act_min, program.layers[0].act_max) == (-128, -68)


def test_dense_records_of_litert_are_proven_not_assumed() -> None:
    b = Builder()
    x = b.input([1, 1], 0.5, 0)
    model = b.build(b.dense(x, np.ones((1, 1), np.int8), None, 0.5, (2.0, 0)))
    for oracle in ("tflm", "litert"):
        record = compile_model(model, GEOMETRY, oracle).layers[0].records[0]
        # Halves away from zero, rounded once: a multiplier just above 1/8.
        expected = (Rounding.SINGLE, 1) if oracle == "litert" else (Rounding.DOUBLE, 0)
        assert (record.rounding, record.multiplier - (1 << 30)) == expected
