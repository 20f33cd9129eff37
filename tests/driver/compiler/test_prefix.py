"""The beginning of a streamed model computes what the model computes there."""

import numpy as np
import pytest
from execute import golden
from modelgen import reference_model
from zoo_models import ZOO

from otus.arch.geometry import Geometry
from otus.driver.compiler import Program, compile_model
from otus.driver.compiler.prefix import prefix
from otus.driver.plan import compile_graph

GEOMETRY = Geometry.parse("4x4,weight_words=256")


@pytest.fixture(scope="module")
def program() -> Program:
    return compile_model(reference_model(), GEOMETRY)


def test_all_of_a_model(program: Program) -> None:
    inputs = np.random.default_rng(0).integers(-128, 128, (2, 13, 15)).astype(np.int8)
    part = prefix(program, 10**9)
    assert part.layers[-1].result == program.layers[-1].result
    # The logits, without the softmax.
    assert program.tail is not None
    found = golden(part, inputs).reshape(2, *program.logits.shape[1:])
    np.testing.assert_array_equal(program.finish(found), golden(program, inputs))


@pytest.mark.parametrize("weights", [5_000, 12_000, 30_000])
def test_channels_of_a_layer(program: Program, weights: int) -> None:
    inputs = np.random.default_rng(0).integers(-128, 128, (2, 13, 15)).astype(np.int8)
    part = prefix(program, weights)
    taken = sum(layer.weights.size for layer in part.layers)
    last = part.layers[-1]
    assert weights - last.weights[0].size < taken <= weights
    assert last.result.channels < program.layers[len(part.layers) - 1].result.channels
    more = prefix(program, weights + 4 * last.weights[0].size)
    assert len(more.layers) == len(part.layers)
    rows = golden(more, inputs).reshape(2, last.result.rows, -1)
    np.testing.assert_array_equal(
        golden(part, inputs).reshape(2, last.result.rows, -1),
        rows[:, :, : last.result.channels],
    )
    assert part.macs == pytest.approx(
        sum(layer.macs for layer in program.layers[: len(part.layers) - 1]) + last.macs
    )


def test_a_channel_at_least_and_depthwise_layers_whole() -> None:
    program = compile_graph(ZOO["keyword-spotter"]("int8"), GEOMETRY).programs[0]
    assert [layer.depthwise for layer in program.layers[:3]] == [False, True, False]
    first, second = (layer.weights.size for layer in program.layers[:2])
    assert [layer.result.channels for layer in prefix(program, 1).layers] == [1]
    assert len(prefix(program, first + second // 2).layers) == 1
    assert len(prefix(program, first + second).layers) == 2
