"""Int8 models built directly as flatbuffers, and random ones.

The converter does not let one choose zero points and scales; the schema's object API does.
`Builder` makes a model operator by operator; `random_model` draws one from a seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

Array = npt.NDArray[Any]

_DTYPES = {"INT8": np.int8, "INT32": np.int32, "UINT8": np.uint8, "FLOAT32": np.float32}
_DTYPES |= {"INT16": np.int16, "INT64": np.int64}


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

    def input(self, shape: Sequence[int], scale: float, zero_point: int, **kw: Any) -> int:
        """Add the model's input."""
        index = self.tensor(shape, scale, zero_point, name="input", **kw)
        self.graph.inputs.append(index)
        return index

    def build(self, output: int) -> bytes:
        """Finish the model."""
        self.graph.outputs = [output]
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
        self, source: int, weights: Array, bias: Array | None, scales: float | Sequence[float]
    ) -> list[int]:
        inputs = [source, self.tensor(weights.shape, scales, data=weights, name="weights")]
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
        stride: int = 1,
        same: bool = False,
        activation: str = "NONE",
        dilation: int = 1,
    ) -> int:
        """Add a CONV_2D with weights int8 [out, height, width, in]; return its output."""
        options = schema.Conv2DOptionsT()
        options.padding = int(not same)
        options.strideW = options.strideH = stride
        options.dilationWFactor = options.dilationHFactor = dilation
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        shape = self._spatial(source, weights.shape[1:3], stride, same)
        result = self.tensor([1, *shape, len(weights)], *out, name="conv")
        inputs = self._constants(source, weights, bias, scales)
        self.operator("CONV_2D", inputs, [result], options)
        return result

    def _spatial(self, source: int, window: Sequence[int], stride: int, same: bool) -> list[int]:
        sizes = self.shape(source)[1:3]
        if same:
            return [-(-n // stride) for n in sizes]
        return [(n - k) // stride + 1 for n, k in zip(sizes, window, strict=True)]

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
        stride: int,
        *,
        same: bool = False,
        activation: str = "NONE",
        out: tuple[float, int] | None = None,
    ) -> int:
        """Add a MAX_POOL_2D; return its output."""
        options = schema.Pool2DOptionsT()
        options.padding = int(not same)
        options.strideW = options.strideH = stride
        options.filterHeight, options.filterWidth = window
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        shape = [1, *self._spatial(source, window, stride, same), self.shape(source)[3]]
        q = self.graph.tensors[source].quantization
        result = self.tensor(shape, *(out or (self.scale(source), q.zeroPoint[0])), name="pool")
        self.operator("MAX_POOL_2D", [source], [result], options)
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
        options = schema.AddOptionsT()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, activation)
        other = self.tensor(constant.shape, *addend, data=constant, name="addend")
        result = self.tensor(self.shape(source), *out, name="add")
        self.operator("ADD", [source, other], [result], options)
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


@dataclass
class Drawn:
    """An activation of a random model: its index, and samples of its values."""

    index: int
    scale: float
    zero_point: int
    values: npt.NDArray[np.int8]
    """[samples, time, channels]"""


@dataclass(frozen=True)
class RandomModel:
    """A random model: the file, its input's shape without the batch, what it is made of."""

    data: bytes
    shape: tuple[int, ...]
    text: str


class _Drawer:
    """Draws layers whose outputs are spread, and saturate now and then."""

    def __init__(self, seed: int, conv_bias: bool) -> None:
        self.conv_bias = conv_bias
        self.rng = np.random.default_rng(seed)
        self.dyadic = self.chance(0.2)
        self.builder = Builder()
        self.text: list[str] = []

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def zero_point(self, activation: str = "NONE") -> int:
        """Any; after a RELU mostly low, since it leaves no value below."""
        if activation == "NONE" or self.chance(0.05):
            choices = [-128, 0, 127, self.integer(-128, 127), *[self.integer(-60, 60)] * 4]
        else:
            choices = [-128, self.integer(-128, -60), self.integer(-128, 20)]
        return int(self.rng.choice(choices))

    def scale(self, activation: str = "NONE") -> float:
        """Any; before a RELU6 mostly such that 6 has a place in int8."""
        wide = activation != "RELU6" or self.chance(0.1)
        exponent = self.rng.uniform(-9, 1) if wide else self.rng.uniform(-6, -3)
        return float(np.float32(2.0 ** (round(exponent) if self.dyadic else exponent)))

    def weights(self, shape: tuple[int, ...]) -> npt.NDArray[np.int8]:
        if self.chance(0.1):
            return self.rng.choice(np.array([-127, 127], np.int8), shape)
        limit = self.integer(1, 127)
        values = self.rng.integers(-limit, limit + 1, shape).astype(np.int8)
        if self.chance(0.1):
            values[self.integer(0, shape[0] - 1)] = 0
        return values

    def quantised(
        self,
        x: Drawn,
        sums: npt.NDArray[np.float64],
        channels: int,
        activation: str,
        required: bool,
    ) -> tuple[npt.NDArray[np.int32] | None, list[float], tuple[float, int], Any]:
        """Choose bias, weight scales and output so that the sums spread over int8."""
        bias = np.zeros(channels, np.int32) if required else None
        if self.chance(0.8):
            spread = max(1.0, float(sums.std()))
            bias = self.rng.normal(0, spread, channels).round().astype(np.int32)
            sums = sums + bias
        # Deviation of the output: a few steps, all of int8, or mostly saturated.
        aim = float(self.rng.choice([5, 30, 40, 50, 60, 70, 120, 1000 if self.chance(0.3) else 60]))
        # Real multipliers are far below the largest one (128); some here come near it.
        ratio = min(aim / max(1.0, float(sums.std())), self.rng.choice([1, 2, 90]))
        out_scale, zero = self.scale(activation), self.zero_point(activation)
        scales = np.full(1, ratio * out_scale / x.scale)
        if self.chance(0.6) and channels > 1:
            # Channels within a factor of four: beyond that all but one would be flat.
            scales = scales * 2.0 ** self.rng.uniform(-2, 0, channels)
        if self.dyadic:
            # Multipliers that are powers of two meet every tie.
            scales = 2.0 ** np.round(np.log2(scales))
        scales = scales.astype(np.float32)
        ratio = x.scale * scales.astype(np.float64) / out_scale
        values = np.round(sums * ratio) + zero
        low = zero if activation != "NONE" else -128
        high = min(127, zero + round(6 / out_scale)) if activation == "RELU6" else 127
        values = np.clip(values, low, max(low, high)).astype(np.int8)
        return bias, [float(s) for s in scales], (out_scale, zero), values

    def activation(self) -> str:
        return str(self.rng.choice(["NONE", "RELU", "RELU", "RELU6"]))

    def conv(self, x: Drawn, vertical: bool) -> Drawn:
        samples, time, channels = x.values.shape
        out_channels = self.integer(1, 40)
        same = self.chance(0.4)
        kernel = self.integer(1, 7) if same else self.integer(1, min(time, 7))
        stride = self.integer(1, 3) if self.chance(0.4) else 1
        weights = self.weights((out_channels, kernel, channels))
        out = -(-time // stride) if same else (time - kernel) // stride + 1
        total = max((out - 1) * stride + kernel - time, 0) if same else 0
        centred = np.zeros((samples, time + total + kernel, channels))
        start = total // 2
        centred[:, start : start + time] = x.values.astype(np.float64) - x.zero_point
        sums = np.stack(
            [
                np.einsum(
                    "nkc,okc->no", centred[:, t * stride : t * stride + kernel], weights * 1.0
                )
                for t in range(out)
            ],
            axis=1,
        )
        activation = self.activation()
        bias, scales, q, values = self.quantised(x, sums, out_channels, activation, self.conv_bias)
        shaped = weights[:, :, None] if vertical else weights[:, None]
        index = self.builder.conv(
            x.index, shaped, bias, scales, q, stride=stride, same=same, activation=activation
        )
        self.text.append(f"conv{kernel}/{stride}{'s' if same else 'v'}x{out_channels}{activation}")
        return Drawn(index, *q, values)

    def pool(self, x: Drawn, vertical: bool) -> Drawn:
        time = x.values.shape[1]
        same = self.chance(0.4)
        window = self.integer(1, 4) if same else self.integer(1, min(time, 4))
        stride = self.integer(1, 3) if self.chance(0.4) else window
        activation = "NONE" if self.chance(0.8) else self.activation()
        shape = (window, 1) if vertical else (1, window)
        index = self.builder.pool(x.index, shape, stride, same=same, activation=activation)
        out = max(self.builder.shape(index)[1:3])
        # Good enough to choose scales from: the values, not the exact maximum.
        values = x.values[:, np.minimum(np.arange(out) * stride, time - 1)]
        self.text.append(f"pool{window}/{stride}{'s' if same else 'v'}{activation}")
        return Drawn(index, x.scale, x.zero_point, values)

    def dense(self, x: Drawn) -> Drawn:
        samples, time, channels = x.values.shape
        rowwise = time > 1 and self.chance(0.2)
        depth = channels if rowwise else time * channels
        rows = x.values.reshape(samples, -1, depth).astype(np.float64) - x.zero_point
        out = self.integer(1, 50)
        weights = self.weights((out, depth))
        activation = self.activation()
        bias, scales, q, values = self.quantised(x, rows @ weights.T, out, activation, False)
        source = x.index
        shape = [1, time * channels] if not rowwise else [time, channels]
        if self.chance(0.5) or rowwise:
            source = self.builder.reshape(source, shape)
        index = self.builder.dense(source, weights, bias, scales, q, activation=activation)
        self.text.append(f"dense{'*' if rowwise else ''}x{out}{activation}")
        return Drawn(index, *q, values)


def random_model(seed: int, *, conv_bias: bool = False) -> RandomModel:
    """Draw a model: convolutions and poolings, then dense layers, then softmax or logistic.

    Parameters
        conv_bias : give every convolution a bias (ai-edge-litert runs none without)
    """
    draw = _Drawer(seed, conv_bias)
    time, channels = draw.integer(1, 24), draw.integer(1, 34)
    vertical = draw.chance(0.3)
    scale, zero_point = draw.scale(), draw.zero_point()
    values = draw.rng.integers(-128, 128, (16, time, channels)).astype(np.int8)
    convolutions = draw.integer(0, 3)
    shape = [1, time, 1, channels] if vertical else [1, 1, time, channels]
    flat = convolutions and draw.chance(0.5)
    index = draw.builder.input([1, time, channels] if flat else shape, scale, zero_point)
    given = tuple(draw.builder.shape(index)[1:])
    if flat:
        index = draw.builder.reshape(index, shape)
    x = Drawn(index, scale, zero_point, values)
    if draw.chance(0.15):
        x = draw.pool(x, vertical)
    for _ in range(convolutions):
        x = draw.conv(x, vertical)
        if draw.chance(0.4):
            x = draw.pool(x, vertical)
    for _ in range(draw.integer(0 if draw.text else 1, 2)):
        x = draw.dense(x)
    index = x.index
    if draw.builder.shape(index)[0] != 1:
        index = draw.builder.reshape(index, [1, *draw.builder.shape(index)])
    if draw.chance(0.4):
        kind = "SOFTMAX" if draw.chance(0.6) else "LOGISTIC"
        index = draw.builder.tail(kind, index)
        draw.text.append(kind.lower())
    return RandomModel(draw.builder.build(index), given, " ".join(draw.text))


def reference_model(classes: int = 36, seed: int = 0, shape: tuple[int, int] = (13, 15)) -> bytes:
    """Make the azimuth network's architecture (36 classes; elevation: 10) with random weights."""
    draw = _Drawer(seed, conv_bias=True)
    builder, rng = draw.builder, draw.rng
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
