"""From the bytes of a .tflite file to a Graph.

The file is untrusted: whatever its bytes are, the outcome is a Graph or a ModelError. Field names
and defaults are those of TensorFlow Lite's schema.fbs, as the `tflite` package generates them.
"""

import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from .errors import ModelError
from .graph import NUMPY, Graph, Operator, Quantisation, Signature, Tensor

_IDENTIFIER = b"TFL3"


def _names(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


_TYPES = _names(tflite.TensorType)
_KINDS = _names(tflite.BuiltinOperator)
_ACTIVATIONS = _names(tflite.ActivationFunctionType)

Options = Mapping[str, int | float | str | tuple[int, ...]]


def _activation(o: Any) -> str:
    code = o.FusedActivationFunction()
    return _ACTIVATIONS.get(code, f"number {code}")


def _conv(o: Any) -> Options:
    return {
        "padding": o.Padding(),
        "stride": (o.StrideH(), o.StrideW()),
        "dilation": (o.DilationHFactor(), o.DilationWFactor()),
        "activation": _activation(o),
    }


def _depthwise(o: Any) -> Options:
    return {**_conv(o), "multiplier": o.DepthMultiplier()}


def _pool(o: Any) -> Options:
    return {
        "padding": o.Padding(),
        "stride": (o.StrideH(), o.StrideW()),
        "window": (o.FilterHeight(), o.FilterWidth()),
        "activation": _activation(o),
    }


def _dense(o: Any) -> Options:
    return {"activation": _activation(o), "format": o.WeightsFormat()}


def _strided_slice(o: Any) -> Options:
    return {
        "begin": o.BeginMask(),
        "end": o.EndMask(),
        "unsupported": o.EllipsisMask() | o.NewAxisMask(),
        "shrink": o.ShrinkAxisMask(),
    }


#: Options the compiler reads: class of the schema, and what it takes from it.
_OPTIONS: dict[str, tuple[Any, Callable[[Any], Options]]] = {
    "CONV_2D": (tflite.Conv2DOptions, _conv),
    "DEPTHWISE_CONV_2D": (tflite.DepthwiseConv2DOptions, _depthwise),
    "MAX_POOL_2D": (tflite.Pool2DOptions, _pool),
    "AVERAGE_POOL_2D": (tflite.Pool2DOptions, _pool),
    "MEAN": (tflite.ReducerOptions, lambda o: {"keep": int(o.KeepDims())}),
    "FULLY_CONNECTED": (tflite.FullyConnectedOptions, _dense),
    "ADD": (tflite.AddOptions, lambda o: {"activation": _activation(o)}),
    "SOFTMAX": (tflite.SoftmaxOptions, lambda o: {"beta": o.Beta()}),
    "STRIDED_SLICE": (tflite.StridedSliceOptions, _strided_slice),
    "PACK": (tflite.PackOptions, lambda o: {"axis": o.Axis()}),
}


def import_model(data: bytes) -> Graph:
    """Read the one subgraph of a .tflite file.

    Raises
        ModelError: not a .tflite file, damaged or truncated, or more than one subgraph
    """
    if data[4:8] != _IDENTIFIER:
        raise ModelError(
            f"not a TensorFlow Lite model: bytes 4 to 7 are {data[4:8]!r}, expected "
            f"{_IDENTIFIER!r}; give the .tflite file that the converter wrote"
        )
    try:
        return _Reader(data).graph()
    except ModelError:
        raise
    except (
        struct.error,
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelError(
            f"damaged or truncated model ({len(data)} bytes): {error or type(error).__name__}; "
            "copy or convert it again"
        ) from error


class _Reader:
    """Walks one flatbuffer."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._model = tflite.Model.GetRootAsModel(data, 0)

    def graph(self) -> Graph:
        subgraphs = self._model.SubgraphsLength()
        if subgraphs != 1:
            raise ModelError(
                f"the model has {subgraphs} subgraphs, allowed is 1; export it without control flow"
            )
        subgraph = self._model.Subgraphs(0)
        tensors = self._each(subgraph.TensorsLength(), self._tensor, subgraph)
        kinds = self._each(self._model.OperatorCodesLength(), self._kind)
        operators = tuple(
            self._operator(i, subgraph.Operators(i), kinds)
            for i in range(self._bounded(subgraph.OperatorsLength()))
        )
        graph = Graph(
            tensors,
            operators,
            self._ints(subgraph.InputsLength(), subgraph.Inputs),
            self._ints(subgraph.OutputsLength(), subgraph.Outputs),
            dict(self._each(self._model.SignatureDefsLength(), self._signature)),
        )
        self._check(graph)
        return graph

    def _bounded(self, count: int) -> int:
        """Refuse a length that the file cannot hold, before anything loops over it."""
        if not 0 <= count <= len(self._data):
            raise ValueError(f"a vector claims {count} entries")
        return count

    def _each(self, count: int, read: Callable[..., Any], *args: Any) -> tuple[Any, ...]:
        return tuple(read(i, *args) for i in range(self._bounded(count)))

    def _ints(self, count: int, read: Callable[[int], Any]) -> tuple[int, ...]:
        return tuple(int(read(i)) for i in range(self._bounded(count)))

    def _signature(self, index: int) -> tuple[str, Signature]:
        signature = self._model.SignatureDefs(index)
        key = signature.SignatureKey()
        return key.decode() if key else "", Signature(
            # By name: the runtimes keep them in a sorted map.
            dict(sorted(self._each(signature.InputsLength(), self._named, signature.Inputs))),
            dict(sorted(self._each(signature.OutputsLength(), self._named, signature.Outputs))),
        )

    def _named(self, index: int, read: Callable[[int], Any]) -> tuple[str, int]:
        entry = read(index)
        return entry.Name().decode(), int(entry.TensorIndex())

    def _kind(self, index: int) -> str:
        code = self._model.OperatorCodes(index)
        # Converters before 2.4 write the narrow field only, later ones both.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if _KINDS.get(number) == "CUSTOM":
            custom = code.CustomCode()
            return f"CUSTOM {custom.decode() if custom else ''}".strip()
        return _KINDS.get(number, f"operator code {number}")

    def _operator(self, index: int, operator: Any, kinds: tuple[str, ...]) -> Operator:
        kind = kinds[operator.OpcodeIndex()]
        options: Options = {}
        if kind in _OPTIONS:
            schema, read = _OPTIONS[kind]
            table = operator.BuiltinOptions()
            expected = getattr(tflite.BuiltinOptions, schema.__name__)
            if table is None or operator.BuiltinOptionsType() != expected:
                raise ValueError(f"{kind} (operator {index}) has no {schema.__name__}")
            parsed = schema()
            parsed.Init(table.Bytes, table.Pos)
            options = read(parsed)
        return Operator(
            index,
            kind,
            self._ints(operator.InputsLength(), operator.Inputs),
            self._ints(operator.OutputsLength(), operator.Outputs),
            options,
        )

    def _tensor(self, index: int, subgraph: Any) -> Tensor:
        tensor = subgraph.Tensors(index)
        raw = tensor.Name()
        name = raw.decode("utf-8", "replace") if raw else f"tensor {index}"
        if tensor.Sparsity() is not None:
            raise ModelError(
                f"tensor '{name}': sparse encoding is not supported (only dense); convert the "
                "model without sparsity"
            )
        shape = self._ints(tensor.ShapeLength(), tensor.Shape)
        dtype = _TYPES.get(tensor.Type(), f"type {tensor.Type()}")
        return Tensor(
            index,
            name,
            shape,
            self._ints(tensor.ShapeSignatureLength(), tensor.ShapeSignature) or shape,
            dtype,
            self._quantisation(tensor.Quantization()),
            self._constant(name, tensor.Buffer(), dtype, shape),
        )

    def _quantisation(self, table: Any) -> Quantisation | None:
        if table is None or table.ScaleLength() == 0:
            return None
        scales = tuple(float(table.Scale(i)) for i in range(self._bounded(table.ScaleLength())))
        zeros = self._ints(table.ZeroPointLength(), table.ZeroPoint) or (0,) * len(scales)
        if len(zeros) != len(scales) or not all(math.isfinite(s) and s > 0 for s in scales):
            raise ValueError("a tensor's scales and zero points make no sense")
        return Quantisation(scales, zeros, table.QuantizedDimension())

    def _constant(
        self, name: str, index: int, dtype: str, shape: tuple[int, ...]
    ) -> npt.NDArray[np.generic] | None:
        if index >= self._bounded(self._model.BuffersLength()):
            raise ValueError(f"tensor '{name}' has buffer {index}, which does not exist")
        buffer = self._model.Buffers(index)
        if buffer.Offset() > 1:
            raise ModelError(
                f"tensor '{name}': constants outside the flatbuffer are not supported; convert the "
                "model again (its constants are small enough to stay inside)"
            )
        if buffer.DataLength() == 0:
            return None
        content = buffer.DataAsNumpy().view("u1").tobytes()
        if dtype not in NUMPY:
            return np.frombuffer(content, "u1")
        expected = math.prod(shape) * NUMPY[dtype].itemsize
        if len(content) != expected:
            raise ValueError(
                f"constant '{name}' has {len(content)} bytes, its shape {list(shape)} needs "
                f"{expected}"
            )
        constant: npt.NDArray[np.generic] = np.frombuffer(content, NUMPY[dtype]).reshape(shape)
        return constant

    def _check(self, graph: Graph) -> None:
        """Refuse indices that point nowhere and operators that run before their inputs exist."""
        count = len(graph.tensors)
        known = {-1, *graph.inputs, *(t.index for t in graph.tensors if t.data is not None)}
        for operator in graph.operators:
            for i in operator.inputs:
                if i not in range(-1, count) or i not in known:
                    raise ValueError(f"operator {operator.index} reads tensor {i} before it exists")
            if any(i not in range(count) or i in known for i in operator.outputs):
                raise ValueError(f"operator {operator.index} writes tensors {operator.outputs}")
            known.update(operator.outputs)
        if any(i not in known or i < 0 for i in graph.outputs):
            raise ValueError(f"no operator writes the outputs {graph.outputs}")
        for key, signature in graph.signatures.items():
            if not (
                set(signature.inputs.values()) <= set(graph.inputs)
                and set(signature.outputs.values()) <= set(graph.outputs)
            ):
                raise ValueError(f"signature '{key}' names tensors that are no input or output")
