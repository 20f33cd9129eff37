"""The separate bias of older exports: the same values as the runtimes' ADD, or refused."""

import numpy as np
import oracles
import pytest
from execute import golden
from modelgen import Builder

from otus.arch.geometry import Geometry
from otus.driver.compiler import ModelError, Oracle, compile_model

GEOMETRY = Geometry.parse("4x4")


@pytest.mark.parametrize("oracle", ["tflm", "litert"])
@pytest.mark.parametrize("seed", range(12))
def test_an_add_of_a_constant(seed: int, oracle: Oracle) -> None:
    oracles.require(oracle)
    rng = np.random.default_rng(seed)
    channels = int(rng.integers(1, 12))
    source = float(np.float32(rng.uniform(0.01, 0.1)))
    result = source if seed % 3 == 0 else float(np.float32(source * rng.uniform(0.8, 1.6)))
    addend = float(np.float32(source * rng.uniform(0.05, 1)))
    b = Builder()
    x = b.input([1, 1, 5, 3], 0.02, int(rng.integers(-128, 128)))
    weights = rng.integers(-127, 128, (channels, 1, 2, 3)).astype(np.int8)
    y = b.conv(x, weights, np.zeros(channels, np.int32), 0.01, (source, 4))
    y = b.rename("SQUEEZE", y, [1, 4, channels], None)
    b.graph.operators[-1].builtinOptions.squeezeDims = [1]
    constant = rng.integers(-128, 128, channels).astype(np.int8)
    zero = int(rng.integers(-128, 0))
    y = b.add(y, constant, (addend, 0), (result, zero), activation="RELU" if seed % 2 else "NONE")
    model = b.build(y)
    inputs = rng.integers(-128, 128, (40, 1, 5, 3)).astype(np.int8)
    got = golden(compile_model(model, GEOMETRY, oracle), inputs)
    np.testing.assert_array_equal(got, oracles.run(oracle, model, inputs))


def test_the_constant_may_come_first_and_may_be_one_for_all() -> None:
    b = Builder()
    x = b.input([1, 1, 4, 3], 0.1, 0)
    y = b.add(b.pool(x, (1, 1), 1), np.array([7], np.int8), (0.1, 0), (0.1, 0))
    b.graph.operators[-1].inputs.reverse()
    program = compile_model(b.build(y), GEOMETRY)
    values = np.arange(-6, 6, dtype=np.int8).reshape(1, 1, 4, 3)
    np.testing.assert_array_equal(golden(program, values), values + 7)


def test_rounding_that_cannot_be_repeated_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # With the weights that are tried, every constant seen so far is found. With a weight of 1
    # only, biases come in whole steps of the input.
    b = Builder()
    x = b.input([1, 1, 4, 3], 0.1, 0)
    y = b.add(b.pool(x, (1, 1), 1), np.ones(3, np.int8), (0.033, 0), (0.1, 0))
    model = b.build(y)
    compile_model(model, GEOMETRY)
    monkeypatch.setattr("otus.driver.compiler.offset._WEIGHTS", (1,))
    monkeypatch.setattr("otus.driver.compiler.offset._AROUND", (1,))
    with pytest.raises(
        ModelError,
        match=r"channel 0: adding this constant rounds in a way that the accelerator cannot "
        r"repeat; convert the model again with a current TensorFlow",
    ):
        compile_model(model, GEOMETRY)
