"""Untrusted bytes: a Graph or a ModelError, nothing else."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from modelgen import Builder, reference_model
from random_models import random_model

from otus.arch.geometry import Geometry
from otus.driver.compiler import ModelError, compile_model
from otus.driver.compiler.importer import import_model

ROOMY = Geometry.parse("8x8,activation_words=4096,weight_words=65536,parameter_words=4096")


def test_tensors_operators_and_options_arrive() -> None:
    graph = import_model(reference_model())
    kinds = [operator.kind for operator in graph.operators]
    assert kinds == [
        "RESHAPE",
        "CONV_2D",
        "CONV_2D",
        "MAX_POOL_2D",
        "RESHAPE",
        "FULLY_CONNECTED",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]
    conv = graph.operators[1]
    assert conv.options == {
        "padding": 1,
        "stride": (1, 1),
        "dilation": (1, 1),
        "activation": "RELU",
    }
    source, weights, bias = (graph.tensors[i] for i in conv.inputs)
    assert (source.shape, source.data) == ((1, 1, 13, 15), None)
    assert weights.data is not None
    assert weights.data.shape == (64, 1, 3, 15)
    assert weights.quantisation is not None
    assert len(weights.quantisation.scales) == 64
    assert (bias.dtype, bias.shape) == ("INT32", (64,))


@pytest.mark.parametrize("data", [b"", b"abc", b"\0" * 100, b"RIFF....WAVE" * 20])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match=r"not a TensorFlow Lite model: bytes 4 to 7 are"):
        import_model(data)


def test_every_truncation_is_refused() -> None:
    data = reference_model()
    for length in [*range(8, 400), *range(400, len(data), 397)]:
        with pytest.raises(ModelError, match=r"damaged or truncated|subgraphs"):
            import_model(data[:length])


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_give_a_program_or_a_refusal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    original = random_model(seed + 11).data
    refused = 0
    for _ in range(150):
        data = bytearray(original)
        for at in rng.integers(8, len(data), rng.integers(1, 6)):
            data[at] = rng.integers(0, 256)
        try:
            compile_model(bytes(data), ROOMY)
        except ModelError:
            refused += 1
    assert refused > 10


def test_a_cut_constant_is_refused() -> None:
    b = Builder()
    x = b.input([1, 1, 4, 3], 0.1, 0)
    y = b.conv(x, np.ones((2, 1, 1, 3), np.int8), None, 0.1, (0.1, 0))
    b.model.buffers[1].data = b.model.buffers[1].data[:-1]
    with pytest.raises(ModelError, match=r"'weights' has 5 bytes, its shape .* needs 6"):
        import_model(b.build(y))


def test_operators_that_read_what_is_not_there_yet_are_refused() -> None:
    b = Builder()
    x = b.input([1, 1, 4, 3], 0.1, 0)
    y = b.pool(b.pool(x, (1, 1), 1), (1, 1), 1)
    b.graph.operators.reverse()
    with pytest.raises(ModelError, match=r"operator 0 reads tensor 1 before it exists"):
        import_model(b.build(y))


def test_a_missing_buffer_is_refused() -> None:
    b = Builder()
    x = b.input([1, 1, 4, 3], 0.1, 0)
    y = b.pool(x, (1, 1), 1)
    b.graph.tensors[y].buffer = 99
    with pytest.raises(ModelError, match="has buffer 99, which does not exist"):
        import_model(b.build(y))


def test_scales_that_make_no_sense_are_refused() -> None:
    for scale in (0.0, -1.0, float("nan"), float("inf")):
        b = Builder()
        x = b.input([1, 1, 4, 3], scale, 0)
        y = b.pool(x, (1, 1), 1, out=(0.1, 0))
        with pytest.raises(ModelError, match="scales and zero points make no sense"):
            import_model(b.build(y))


def test_operators_without_options_are_refused() -> None:
    b = Builder()
    x = b.input([1, 1, 4, 3], 0.1, 0)
    y = b.pool(x, (1, 1), 1)
    b.graph.operators[0].builtinOptions = None
    b.graph.operators[0].builtinOptionsType = 0
    with pytest.raises(ModelError, match=r"MAX_POOL_2D \(operator 0\) has no Pool2DOptions"):
        import_model(b.build(y))


def test_two_subgraphs_are_refused() -> None:
    b = Builder()
    y = b.pool(b.input([1, 1, 4, 3], 0.1, 0), (1, 1), 1)
    b.model.subgraphs.append(b.graph)
    with pytest.raises(ModelError, match="has 2 subgraphs, allowed is 1; export it without"):
        import_model(b.build(y))


def test_signatures_name_inputs_and_outputs() -> None:
    b = Builder()
    x, y = b.input([1, 4], 0.1, 0), b.input([1, 4], None, dtype="FLOAT32")
    z = b.sum(x, x, (0.1, 0))
    b.signature({"second": y, "first": x}, {"sum": z})
    (key, signature), *rest = import_model(b.build(z)).signatures.items()
    assert (key, rest) == ("serving_default", [])
    assert list(signature.inputs.items()) == [("first", x), ("second", y)]
    assert signature.outputs == {"sum": z}


def test_signatures_of_other_tensors_are_refused() -> None:
    b = Builder()
    x = b.input([1, 4], 0.1, 0)
    z = b.sum(x, x, (0.1, 0))
    b.signature({"x": z}, {"sum": z})
    with pytest.raises(ModelError, match="'serving_default' names tensors that are no input or"):
        import_model(b.build(z))


def test_types_are_taken_as_they_come() -> None:
    b = Builder()
    x = b.input([2, 2], None, dtype="FLOAT32")
    y = b.tensor([2, 2], dtype="FLOAT32", data=np.array([[1, 2], [3, 4]], np.float32))
    z = b.tensor([2, 2], dtype="FLOAT32")
    b.operator("ADD", [x, y], [z], schema.AddOptionsT())
    graph = import_model(b.build(z))
    assert [t.dtype for t in graph.tensors] == ["FLOAT32"] * 3
    np.testing.assert_array_equal(graph.tensors[y].data, [[1, 2], [3, 4]])
