"""Int8 models built directly as flatbuffers, operator by operator.

The converter does not let one choose zero points and scales; the schema's object API does.
"""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

Array = npt.NDArray[Any]

_DTYPES = {"INT8": np.int8, "INT32": np.int32, "UINT8": np.uint8, "FLOAT32": np.float32}
_DTYPES |= {"INT16": np.int16, "INT64": np.int64}

#: Height and width, or one value for both.
Pair = int | Sequence[int]


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


class Builder:
    """A model under construction; tensors are known by their index."""

    def __init__(self) -> None:
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.description = "test"
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
        self.graph = graph
        self._model.subgraphs = [graph]

    @property
    def model(self) -> Any:
        """The schema's object, for tests that damage it."""
        return self._model

    def tensor(
        self,
        shape: Sequence[int],
        scales: float | Sequence[float] | None = None,
        zero_point: int = 0,
        *,
        dtype: str = "INT8",
        data: Array | None = None,
        name: str = "",
        signature: Sequence[int] | None = None,
        axis: int = 0,
    ) -> int:
        """Add a tensor, constant where `data` is given; return its index."""
        tensor = schema.TensorT()
        index = len(self.graph.tensors)
        tensor.name = name or f"t{index}"
        tensor.shape = list(shape)
        tensor.shapeSignature = None if signature is None else list(signature)
        tensor.type = getattr(schema.TensorType, dtype)
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            content = np.ascontiguousarray(data, _DTYPES[dtype]).view(np.uint8)
            buffer.data = content.reshape(-1)
            self._model.buffers.append(buffer)
            tensor.buffer = len(self._model.buffers) - 1
        if scales is not None:
            q = schema.QuantizationParametersT()
            q.scale = [scales] if isinstance(scales, float) else list(scales)
            q.zeroPoint = [zero_point] * len(q.scale)
            q.quantizedDimension = axis
            tensor.quantization = q
        self.graph.tensors.append(tensor)
        return index

    def operator(
        self, kind: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None
    ) -> None:
        """Add an operator; `options` is an object of the schema, such as Conv2DOptionsT."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        self._model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes) - 1
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options is not None:
            operator.builtinOptions = options
            name = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        self.graph.operators.append(operator)

    def input(
        self, shape: Sequence[int], scale: float | None, zero_point: int = 0, **kw: Any
    ) -> int:
        """Add an input of the model."""
        index = self.tensor(shape, scale, zero_point, name=kw.pop("name", "input"), **kw)
        self.graph.inputs.append(index)
        return index

    def signature(
        self, inputs: dict[str, int], outputs: dict[str, int], key: str = "serving_default"
    ) -> None:
        """Name inputs and outputs, as the converter does."""
        signature = schema.SignatureDefT()
        signature.signatureKey = key.encode()

        def names(tensors: dict[str, int]) -> list[Any]:
            maps = []
            for name, index in tensors.items():
                entry = schema.TensorMapT()
                entry.name, entry.tensorIndex = name.encode(), index
                maps.append(entry)
            return maps

        signature.inputs, signature.outputs = names(inputs), names(outputs)
        self._model.signatureDefs = [*(self._model.signatureDefs or []), signature]

    def build(self, *outputs: int) -> bytes:
        """Finish the model."""
        self.graph.outputs = list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    # Operators

    def scale(self, index: int) -> float:
        """Scale of an activation, as float32 holds it."""
        return float(np.float32(self.graph.tensors[index].quantization.scale[0]))

    def shape(self, index: int) -> list[int]:
        """Shape of a tensor."""
        return list(self.graph.tensors[index].shape)

    def _constants(
        self,
        source: int,
        weights: Array,
        bias: Array | None,
        scales: float | Sequence[float],
        axis: int = 0,
    ) -> list[int]:
        kernel = self.tensor(weights.shape, scales, data=weights, name="weights", axis=axis)
        inputs = [source, kernel]
        if bias is not None:
            one = [scales] if isinstance(scales, float) else list(scales)
            bias_scales = [self.scale(source) * s for s in one]
            inputs.append(
                self.tensor(bias.shape, bias_scales, dtype="INT32", data=bias, name="bias")
            )
        return inputs

    def conv(
        self,
        source: int,
        weights: Array,
        bias: Array | None,
        scales: float | Sequence[float],
        out: tuple[float, int],
        *,
        stride: Pair = 1,
        same: bool = False,
        activation: str = "NONE",
        dilation: Pair = 1,
    ) -> int:
        """Add a CONV_2D with weights int8 [out, height, width, in]; return its output."""
        options = schema.Conv2DOptionsT()
        self._windowed(options, stride, dilation, same, activation)
        shape = self._spatial(source, weights.shape[1:3], stride, same, dilation)
        result = self.tensor([self.shape(source)[0], *shape, len(weights)], *out, name="conv")
        inputs = self._constants(source, weights, bias, scales)
        self.operator("CONV_2D", inputs, [result], options)
        return result

    def depthwise(
        self,
        source: int,
        weights: Array,
        bias: Array | None,
        scales: float | Sequence[float],
        out: tuple[float, int],
        *,
        stride: Pair = 1,
        same: bool = False,
        activation: str = "NONE",
        dilation: Pair = 1,
    ) -> int:
        """Add a DEPTHWISE_CONV_2D with weights int8 [1, height, width, out]; return its output."""
        options = schema.DepthwiseConv2DOptionsT()
        self._windowed(options, stride, dilation, same, activation)
        batch, *_, channels = self.shape(source)
        options.depthMultiplier = weights.shape[3] // channels
        shape = self._spatial(source, weights.shape[1:3], stride, same, dilation)
        result = self.tensor([batch, *shape, weights.shape[3]], *out, name="depthwise")
        inputs = self._constants(source, weights, bias, scales, axis=3)
        self.operator("DEPTHWISE_CONV_2D", inputs, [result], options)
        return result

    @staticmethod
    def _windowed(options: Any, stride: Pair, dilation: Pair, same: bool, activation: str) -> None:
        options.padding = int(not same)
        options.strideH, options.strideW = _pair(stride)
        options.dilationHFactor, options.dilationWFactor = _pair(dilation)
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)

    def _spatial(
        self, source: int, window: Sequence[int], stride: Pair, same: bool, dilation: Pair = 1
    ) -> list[int]:
        sizes, strides = self.shape(source)[1:3], _pair(stride)
        if same:
            return [-(-n // s) for n, s in zip(sizes, strides, strict=True)]
        spans = [(k - 1) * d + 1 for k, d in zip(window, _pair(dilation), strict=True)]
        return [(n - k) // s + 1 for n, k, s in zip(sizes, spans, strides, strict=True)]

    def dense(
        self,
        source: int,
        weights: Array,
        bias: Array | None,
        scales: float | Sequence[float],
        out: tuple[float, int],
        *,
        activation: str = "NONE",
        keep: bool = False,
    ) -> int:
        """Add a FULLY_CONNECTED with weights int8 [out, in]; return its output."""
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        options.keepNumDims = keep
        shape = self.shape(source)
        rows = int(np.prod(shape)) // weights.shape[1]
        result_shape = [*shape[:-1], len(weights)] if keep else [rows, len(weights)]
        result = self.tensor(result_shape, *out, name="dense")
        self.operator(
            "FULLY_CONNECTED", self._constants(source, weights, bias, scales), [result], options
        )
        return result

    def pool(
        self,
        source: int,
        window: Sequence[int],
        stride: Pair,
        *,
        same: bool = False,
        activation: str = "NONE",
        out: tuple[float, int] | None = None,
        kind: str = "MAX_POOL_2D",
    ) -> int:
        """Add a MAX_POOL_2D or AVERAGE_POOL_2D; return its output."""
        options = schema.Pool2DOptionsT()
        options.padding = int(not same)
        options.strideH, options.strideW = _pair(stride)
        options.filterHeight, options.filterWidth = window
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        batch, *_, channels = self.shape(source)
        shape = [batch, *self._spatial(source, window, stride, same), channels]
        q = self.graph.tensors[source].quantization
        result = self.tensor(shape, *(out or (self.scale(source), q.zeroPoint[0])), name="pool")
        self.operator(kind, [source], [result], options)
        return result

    def mean(self, source: int, axes: Sequence[int], keep: bool, out: tuple[float, int]) -> int:
        """Add a MEAN; return its output."""
        options = schema.ReducerOptionsT()
        options.keepDims = keep
        data = np.array(axes, np.int32)
        over = self.tensor(data.shape, dtype="INT32", data=data, name="axes")
        sizes, rank = self.shape(source), len(self.shape(source))
        gone = {axis % rank for axis in axes}
        shape = [1 if i in gone else n for i, n in enumerate(sizes) if keep or i not in gone]
        result = self.tensor(shape, *out, name="mean")
        self.operator("MEAN", [source, over], [result], options)
        return result

    def reshape(self, source: int, shape: Sequence[int]) -> int:
        """Add a RESHAPE with a constant shape; return its output."""
        return self.rename("RESHAPE", source, shape, shape)

    def rename(
        self, kind: str, source: int, shape: Sequence[int], constant: Sequence[int] | None
    ) -> int:
        """Add an operator that changes the shape only; return its output."""
        q = self.graph.tensors[source].quantization
        result = self.tensor(shape, self.scale(source), q.zeroPoint[0], name=kind.lower())
        inputs = [source]
        if constant is not None:
            data = np.array(constant, np.int32)
            inputs.append(self.tensor(data.shape, dtype="INT32", data=data, name="shape"))
        options = {"RESHAPE": schema.ReshapeOptionsT, "SQUEEZE": schema.SqueezeOptionsT}.get(kind)
        self.operator(kind, inputs, [result], options() if options else None)
        return result

    def add(
        self,
        source: int,
        constant: Array,
        addend: tuple[float, int],
        out: tuple[float, int],
        *,
        activation: str = "NONE",
    ) -> int:
        """Add an ADD of an int8 constant; return its output."""
        other = self.tensor(constant.shape, *addend, data=constant, name="addend")
        return self.sum(source, other, out, activation=activation)

    def sum(
        self, first: int, second: int, out: tuple[float, int], *, activation: str = "NONE"
    ) -> int:
        """Add an ADD of two tensors; return its output."""
        options = schema.AddOptionsT()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        shape = np.broadcast_shapes(tuple(self.shape(first)), tuple(self.shape(second)))
        result = self.tensor(shape, *out, name="add")
        self.operator("ADD", [first, second], [result], options)
        return result

    def pad(self, source: int, paddings: Sequence[Sequence[int]]) -> int:
        """Add a PAD, [before, after] for each axis; return its output."""
        data = np.array(paddings, np.int32)
        amounts = self.tensor(data.shape, dtype="INT32", data=data, name="paddings")
        shape = [n + sum(p) for n, p in zip(self.shape(source), paddings, strict=True)]
        q = self.graph.tensors[source].quantization
        result = self.tensor(shape, self.scale(source), q.zeroPoint[0], name="pad")
        self.operator("PAD", [source, amounts], [result], schema.PadOptionsT())
        return result

    def quantize(self, source: int, out: tuple[float, int], *, dtype: str = "INT8") -> int:
        """Add a QUANTIZE; return its output."""
        result = self.tensor(self.shape(source), *out, dtype=dtype, name="quantize")
        self.operator("QUANTIZE", [source], [result], schema.QuantizeOptionsT())
        return result

    def dequantize(self, source: int) -> int:
        """Add a DEQUANTIZE; return its output."""
        result = self.tensor(self.shape(source), dtype="FLOAT32", name="dequantize")
        self.operator("DEQUANTIZE", [source], [result], schema.DequantizeOptionsT())
        return result

    def tail(self, kind: str, source: int, beta: float = 1.0) -> int:
        """Add a SOFTMAX or LOGISTIC; return its output."""
        result = self.tensor(self.shape(source), 1 / 256, -128, name=kind.lower())
        options = None
        if kind == "SOFTMAX":
            options = schema.SoftmaxOptionsT()
            options.beta = beta
        self.operator(kind, [source], [result], options)
        return result


def reference_model(classes: int = 36, seed: int = 0, shape: tuple[int, int] = (13, 15)) -> bytes:
    """Make the azimuth network's architecture (36 classes; elevation: 10) with random weights."""
    builder, rng = Builder(), np.random.default_rng(seed)
    time, channels = shape
    x = builder.input([1, time, channels], 1 / 128, 3)
    x = builder.reshape(x, [1, 1, time, channels])

    def weights(*size: int) -> npt.NDArray[np.int8]:
        return np.clip(rng.normal(0, 40, size).round(), -127, 127).astype(np.int8)

    def bias(size: int) -> npt.NDArray[np.int32]:
        return rng.normal(0, 3000, size).round().astype(np.int32)

    def scales(size: int) -> list[float]:
        return [float(s) for s in rng.uniform(0.001, 0.004, size).astype(np.float32)]

    for inputs, out in ((channels, (0.03, -128)), (64, (0.06, -128))):
        kernel = weights(64, 1, 3, inputs)
        x = builder.conv(x, kernel, bias(64), scales(64), out, activation="RELU")
    x = builder.pool(x, (1, 2), 2)
    flat = int(np.prod(builder.shape(x)))
    x = builder.reshape(x, [1, flat])
    x = builder.dense(x, weights(100, flat), bias(100), scales(100), (0.1, -128), activation="RELU")
    x = builder.dense(x, weights(classes, 100), bias(classes), 0.002, (0.08, 11))
    return builder.build(builder.tail("SOFTMAX", x))
