"""What is folded away, and what is refused with which words."""

from collections.abc import Callable

import numpy as np
import oracles
import pytest
from ai_edge_litert import schema_py_generated as schema
from execute import golden
from modelgen import Builder

from otus.arch.geometry import Geometry
from otus.driver.compiler import ModelError, compile_model
from otus.driver.compiler.importer import import_model
from otus.driver.compiler.normalise import normalise

GEOMETRY = Geometry.parse("4x4")


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.int8)


def small(b: Builder, shape: tuple[int, ...] = (1, 1, 6, 3)) -> int:
    """Add an input and a convolution of kernel 2."""
    x = b.input(shape, 0.1, 0)
    return b.conv(x, ones(4, 1, 2, shape[-1]), np.zeros(4, np.int32), 0.1, (0.1, 0))


def flatten(b: Builder, x: int, *, dynamic: bool) -> int:
    """Flatten [1, 1, T, C] as Keras does with an unknown batch."""
    shape = b.shape(x)
    size = int(np.prod(shape))
    whole = b.tensor([4], dtype="INT32")
    b.operator("SHAPE", [x], [whole], schema.ShapeOptionsT())
    bounds = [b.tensor([1], dtype="INT32", data=np.array([value], np.int32)) for value in (0, 1, 1)]
    options = schema.StridedSliceOptionsT()
    options.shrinkAxisMask = 1
    batch = b.tensor([], dtype="INT32")
    b.operator("STRIDED_SLICE", [whole, *bounds], [batch], options)
    rest = b.tensor([], dtype="INT32", data=np.array(size, np.int32))
    packed = b.tensor([2], dtype="INT32")
    pack = schema.PackOptionsT()
    pack.valuesCount = 2
    b.operator("PACK", [batch, rest], [packed], pack)
    signature = [-1, size] if dynamic else None
    result = b.tensor([1, size], b.scale(x), 0, name="flat", signature=signature)
    b.operator("RESHAPE", [x, packed], [result], schema.ReshapeOptionsT())
    return result


@pytest.mark.parametrize("dynamic", [False, True])
def test_the_shape_operators_of_a_flatten_disappear(dynamic: bool) -> None:
    b = Builder()
    x = b.input([1, 1, 6, 3], 0.1, 0, signature=[-1 if dynamic else 1, 1, 6, 3])
    y = b.conv(x, ones(4, 1, 2, 3), None, 0.1, (0.1, 0))
    y = b.dense(flatten(b, y, dynamic=dynamic), ones(3, 20), None, 0.1, (1.0, 0))
    program = compile_model(b.build(y), GEOMETRY)
    assert [layer.kernel for layer in program.layers] == [2, 5]


def test_conv1d_with_expand_dims_and_squeeze() -> None:
    rng = np.random.default_rng(0)
    b = Builder()
    x = b.input([1, 7, 3], 0.1, 5)
    y = b.rename("EXPAND_DIMS", x, [1, 1, 7, 3], [1])
    weights = rng.integers(-90, 90, (5, 1, 3, 3)).astype(np.int8)
    y = b.conv(y, weights, np.arange(5, dtype=np.int32), 0.02, (0.3, -7))
    y = b.rename("SQUEEZE", y, [1, 5, 5], None)
    b.graph.operators[-1].builtinOptions.squeezeDims = [1]
    model = b.build(y)
    inputs = rng.integers(-128, 128, (20, 7, 3)).astype(np.int8)
    got = golden(compile_model(model, GEOMETRY), inputs)
    assert got.shape == (20, 5, 5)
    oracles.require("tflm")
    np.testing.assert_array_equal(got, oracles.run("tflm", model, inputs))


def test_a_dense_layer_on_rows_is_a_kernel_of_one() -> None:
    b = Builder()
    x = b.input([1, 5, 3], 0.1, 0)
    y = b.dense(x, ones(4, 3), None, 0.1, (0.1, 0), keep=True)
    program = compile_model(b.build(y), GEOMETRY)
    layer = program.layers[0]
    assert (layer.kernel, str(layer.source), str(layer.result)) == (1, "5x3", "5x4")
    assert program.output.shape == (1, 5, 4)


def test_a_dense_layer_takes_the_shape_before_it() -> None:
    b = Builder()
    y = b.dense(b.reshape(small(b), [1, 20]), ones(2, 20), None, 0.1, (0.1, 0))
    steps = normalise(import_model(b.build(y))).steps
    assert [str(step.source) for step in steps] == ["6x3", "5x4"]


# Refusals: each builds a model, and gives what the message has to say.


def dilated(b: Builder) -> int:
    x = b.input([1, 1, 6, 3], 0.1, 0)
    return b.conv(x, ones(4, 1, 2, 3), None, 0.1, (0.1, 0), dilation=2)


def grouped(b: Builder) -> int:
    x = b.input([1, 1, 6, 4], 0.1, 0)
    return b.conv(x, ones(4, 1, 2, 2), None, 0.1, (0.1, 0))


def other_activation(b: Builder) -> int:
    x = b.input([1, 1, 6, 3], 0.1, 0)
    return b.conv(x, ones(4, 1, 2, 3), None, 0.1, (0.1, 0), activation="TANH")


def weight_zero_point(b: Builder) -> int:
    y = small(b)
    b.graph.tensors[b.graph.operators[0].inputs[1]].quantization.zeroPoint = [3]
    return y


def weight_axis(b: Builder) -> int:
    x = b.input([1, 1, 6, 3], 0.1, 0)
    y = b.conv(x, ones(4, 1, 2, 3), None, [0.1] * 4, (0.1, 0))
    b.graph.tensors[b.graph.operators[0].inputs[1]].quantization.quantizedDimension = 3
    return y


def float_weights(b: Builder) -> int:
    y = small(b)
    weights = b.graph.tensors[b.graph.operators[0].inputs[1]]
    weights.type = schema.TensorType.FLOAT32
    b.model.buffers[weights.buffer].data = np.zeros(4 * 4 * 2 * 3, np.uint8)
    return y


def wide_bias(b: Builder) -> int:
    y = small(b)
    bias = b.graph.tensors[b.graph.operators[0].inputs[2]]
    bias.type = schema.TensorType.INT64
    b.model.buffers[bias.buffer].data = np.zeros(32, np.uint8)
    return y


def float_input(b: Builder) -> int:
    x = b.input([1, 1, 6, 3], 0.1, 0, dtype="FLOAT32")
    q = b.tensor([1, 1, 6, 3], 0.1, 0)
    b.operator("QUANTIZE", [x], [q], schema.QuantizeOptionsT())
    return b.pool(q, (1, 2), 2)


def unsigned_input(b: Builder) -> int:
    return b.pool(b.input([1, 1, 6, 3], 0.1, 0, dtype="UINT8"), (1, 2), 2)


def wide_activations(b: Builder) -> int:
    return b.pool(b.input([1, 1, 6, 3], 0.1, 0, dtype="INT16"), (1, 2), 2)


def dequantised(b: Builder) -> int:
    y = small(b)
    out = b.tensor([1, 1, 5, 4], dtype="FLOAT32", name="real")
    b.operator("DEQUANTIZE", [y], [out], schema.DequantizeOptionsT())
    return out


def requantised(b: Builder) -> int:
    y = small(b)
    out = b.tensor([1, 1, 5, 4], 0.2, 0, name="again")
    b.operator("QUANTIZE", [y], [out], schema.QuantizeOptionsT())
    return out


def batched(b: Builder) -> int:
    x = b.input([4, 1, 6, 3], 0.1, 0)
    return b.dense(x, ones(2, 18), None, 0.1, (0.1, 0))


def dynamic(b: Builder) -> int:
    x = b.input([1, 1, 6, 3], 0.1, 0, signature=[1, 1, -1, 3])
    return b.pool(x, (1, 2), 2)


def averaged(b: Builder) -> int:
    x = b.input([1, 1, 6, 3], 0.1, 0)
    out = b.tensor([1, 1, 3, 3], 0.1, 0, name="mean")
    options = schema.Pool2DOptionsT()
    b.operator("AVERAGE_POOL_2D", [x], [out], options)
    return out


def branched(b: Builder) -> int:
    y = small(b)
    first = b.pool(y, (1, 2), 1)
    b.pool(y, (1, 2), 1)
    return b.pool(first, (1, 2), 1)


def added_tensors(b: Builder) -> int:
    y = small(b)
    out = b.tensor([1, 1, 5, 4], 0.1, 0, name="sum")
    b.operator("ADD", [y, y], [out], schema.AddOptionsT())
    return out


def softmax_inside(b: Builder) -> int:
    y = b.tail("SOFTMAX", small(b))
    return b.pool(y, (1, 2), 2)


def softmax_scale(b: Builder) -> int:
    y = b.tail("SOFTMAX", small(b))
    b.graph.tensors[y].quantization.scale = [0.01]
    return y


def pool_scale(b: Builder) -> int:
    return b.pool(small(b), (1, 2), 2, out=(0.2, 0))


def no_layer(b: Builder) -> int:
    return b.reshape(b.input([1, 6], 0.1, 0), [1, 3, 2])


def softmax_alone(b: Builder) -> int:
    return b.tail("SOFTMAX", b.input([1, 6], 0.1, 0))


def unfinished(b: Builder) -> int:
    y = small(b)
    b.pool(y, (1, 2), 2)
    return y


def wrong_shape(b: Builder) -> int:
    y = small(b)
    b.graph.tensors[y].shape = [1, 1, 6, 4]
    return y


def not_quantised(b: Builder) -> int:
    y = small(b)
    b.graph.tensors[y].quantization = None
    return y


def zero_point_outside(b: Builder) -> int:
    y = small(b)
    b.graph.tensors[y].quantization.zeroPoint = [200]
    return y


def shuffled(b: Builder) -> int:
    y = b.dense(b.input([1, 6], 0.1, 0), ones(2, 6), None, 0.1, (0.1, 0))
    b.graph.operators[0].builtinOptions.weightsFormat = 1
    return y


def reshape_elsewhere(b: Builder) -> int:
    y = b.reshape(b.input([1, 1, 6, 4], 0.1, 0), [1, 1, 6, 4])
    b.model.buffers[-1].data = np.array([1, 1, 4, 6], np.int32).view(np.uint8)
    return b.pool(y, (1, 2), 2)


def reshape_scale(b: Builder) -> int:
    x = b.input([1, 1, 6, 4], 0.1, 0)
    y = b.reshape(x, [1, 1, 4, 6])
    b.graph.tensors[y].quantization.scale = [0.2]
    return b.pool(y, (1, 2), 2)


REFUSALS: list[tuple[Callable[[Builder], int], str]] = [
    (
        dilated,
        r"CONV_2D \(operator 0, 'conv'\): dilation 2x2 is not supported \(only 1x1\); re",
    ),
    (grouped, r"weights for 2 input channels on 4: grouped convolution is not supported"),
    (
        other_activation,
        r"fused activation TANH is not supported \(only NONE, RELU",
    ),
    (
        weight_zero_point,
        r"weights 'weights' have zero point 3, allowed is 0; convert",
    ),
    (
        weight_axis,
        r"have 4 scales along axis 3, allowed is 1, or one for each of 4 out",
    ),
    (float_weights, r"weights 'weights' are FLOAT32, allowed are INT8 constants"),
    (wide_bias, r"bias 'bias' is INT64, allowed is an INT32 constant; convert with int8 activat"),
    (float_input, r"the model's input 'input': 'input' is FLOAT32, allowed is INT8; convert with"),
    (unsigned_input, r"'input' is UINT8, allowed is INT8; convert with supported_ops"),
    (wide_activations, r"'input' is INT16, allowed is INT8"),
    (dequantised, r"the model's output 'real': 'real' is FLOAT32, allowed is INT8"),
    (
        requantised,
        r"QUANTIZE \(operator 1, 'again'\): not supported \(only CONV_2D, .*\); conv",
    ),
    (batched, r"input 'input' has shape \[4, 1, 6, 3\]: the first axis is the batch, allowed is 1"),
    (dynamic, r"'input' has the dynamic or empty shape \[1, 1, -1, 3\], allowed are fixed sizes"),
    (averaged, r"AVERAGE_POOL_2D \(operator 0, 'mean'\): not supported .* use MaxPooling1D"),
    (
        branched,
        r"reads 'conv' instead of 'pool', the output of the operator before it; only a",
    ),
    (added_tensors, r"only the addition of an INT8 constant for each channel is supported"),
    (
        softmax_inside,
        r"MAX_POOL_2D .*: follows SOFTMAX .*, which is allowed at the end only",
    ),
    (softmax_scale, r"SOFTMAX .*: output scale 0.01, zero point -128, allowed is 1/256 and -128"),
    (
        pool_scale,
        r"pooling from scale 0.1, zero point 0 to scale 0.2, zero point 0: allowed is",
    ),
    (no_layer, r"the model has no CONV_2D, FULLY_CONNECTED or MAX_POOL_2D: nothing for the"),
    (softmax_alone, r"the model has no CONV_2D, FULLY_CONNECTED or MAX_POOL_2D: nothing for the"),
    (unfinished, r"output 'conv' is not the end of its chain of operators \('pool' is\); remove"),
    (
        wrong_shape,
        r"'conv' has shape \[1, 1, 6, 4\], its operator makes \[1, 1, 5, 4\]; the",
    ),
    (not_quantised, r"'conv' has 0 scales, allowed is 1 for an activation; convert with full int8"),
    (zero_point_outside, r"'conv' has zero point 200, allowed is -128 to 127"),
    (shuffled, r"shuffled weights are not supported \(only the default format\)"),
    (reshape_elsewhere, r"RESHAPE .*: asks for shape \[1, 1, 4, 6\], 'reshape' has \[1, 1, 6, 4\]"),
    (
        reshape_scale,
        r"RESHAPE .*: changes scale or zero point \(0.1, 0 to 0.2, 0\), allowed is",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSALS, ids=[make.__name__ for make, _ in REFUSALS])
def test_refusals(make: Callable[[Builder], int], message: str) -> None:
    b = Builder()
    model = b.build(make(b))
    with pytest.raises(ModelError, match=message):
        compile_model(model, GEOMETRY)


def test_two_inputs_are_refused() -> None:
    b = Builder()
    y = small(b)
    b.graph.inputs = [0, 0]
    with pytest.raises(ModelError, match="2 inputs and 1 outputs, allowed is 1 of each; split it"):
        compile_model(b.build(y), GEOMETRY)
