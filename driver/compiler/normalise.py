"""From a Graph to a Chain: one step after another in [time][channel] order.

Operators that only rename a shape disappear: RESHAPE, EXPAND_DIMS, SQUEEZE, and the SHAPE,
STRIDED_SLICE and PACK that compute a Flatten's shape. A SOFTMAX or LOGISTIC at the end becomes the
tail.
"""

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from .errors import ModelError
from .graph import (
    Activation,
    Chain,
    Graph,
    Linear,
    Offset,
    Operator,
    Pool,
    Quantisation,
    Shape,
    Step,
    Tail,
    Tensor,
)

#: Operators that leave the order of values as it is.
RENAMING = frozenset({"RESHAPE", "EXPAND_DIMS", "SQUEEZE"})
#: Operators that compute a shape.
SHAPES = frozenset({"SHAPE", "STRIDED_SLICE", "PACK"})
TAILS = frozenset({"SOFTMAX", "LOGISTIC"})
ACCEPTED = ("CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "ADD", *sorted(RENAMING | SHAPES | TAILS))

_SAME, _VALID = 0, 1
_INT8 = (-128, 127)


def normalise(graph: Graph) -> Chain:
    """Reduce a graph to a chain of steps.

    Raises
        ModelError: an operator, type or shape that is not supported
    """
    return _Normaliser(graph).chain()


def padding(kind: object, size: int, window: int, stride: int) -> tuple[int, int]:
    """Compute the output size and the padding before the first value, as TensorFlow Lite does.

    Source: TensorFlow Lite, kernels/padding.h, ComputeOutSize and ComputePaddingWithOffset
    """
    if kind == _VALID:
        return max(0, (size + stride - window) // stride), 0
    out = (size + stride - 1) // stride
    return out, max((out - 1) * stride + window - size, 0) // 2


class _Normaliser:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._shapes: dict[int, npt.NDArray[np.int64]] = {}
        self._steps: list[Step] = []
        self._tail: Tail | None = None

    def chain(self) -> Chain:
        graph = self._graph
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise ModelError(
                f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, "
                "allowed is 1 of each; split it into models of one input and one output"
            )
        source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
        for tensor, role in ((source, "input"), (result, "output")):
            self._whole_int8(tensor, f"the model's {role} '{tensor.name}'")
        if source.shape[:1] != (1,):
            raise ModelError(
                f"the model's input '{source.name}' has shape {list(source.shape)}: the first axis "
                "is the batch, allowed is 1; convert with batch_size=1 (inputs are batched by the "
                "driver)"
            )
        current, logits = source, source
        for operator in graph.operators:
            if operator.kind in SHAPES:
                self._shape(operator)
                continue
            current = self._step(operator, current)
            if self._tail is None:
                logits = current
        if current is not result:
            raise ModelError(
                f"the model's output '{result.name}' is not the end of its chain of operators "
                f"('{current.name}' is); remove the operators after it"
            )
        if result.shape[:1] != (1,):
            raise ModelError(
                f"the model's output '{result.name}' has shape {list(result.shape)}: the first "
                "axis is the batch, allowed is 1; reshape it at the end"
            )
        if not self._steps:
            raise ModelError(
                "the model has no CONV_2D, FULLY_CONNECTED or MAX_POOL_2D: nothing for the "
                "accelerator to compute"
            )
        return Chain(source, reconcile(tuple(self._steps)), self._tail, logits, result)

    def _step(self, operator: Operator, current: Tensor) -> Tensor:
        where = self._where(operator)
        if operator.kind not in ACCEPTED:
            hint = _HINTS.get(
                operator.kind, "change the model, or run this operator before or after on the host"
            )
            raise ModelError(f"{where}: not supported (only {', '.join(ACCEPTED)}); {hint}")
        inputs = [self._graph.tensors[i] for i in operator.inputs if i >= 0]
        if len(operator.outputs) != 1 or not inputs:
            raise ModelError(f"{where}: expected inputs and one output; convert the model again")
        if operator.kind == "ADD" and inputs[0] is not current:
            inputs.reverse()
        if inputs[0] is not current:
            raise ModelError(
                f"{where}: reads '{inputs[0].name}' instead of '{current.name}', the output of the "
                "operator before it; only a chain of operators is supported, without branches"
            )
        result = self._graph.tensors[operator.outputs[0]]
        self._whole_int8(result, where)
        if self._tail is not None and operator.kind not in RENAMING:
            raise ModelError(
                f"{where}: follows {self._tail.where}, which is allowed at the end only; remove it"
            )
        match operator.kind:
            case "CONV_2D":
                self._steps.append(self._conv(operator, where, inputs, result))
            case "FULLY_CONNECTED":
                self._steps.append(self._dense(operator, where, inputs, result))
            case "MAX_POOL_2D":
                self._steps.append(self._pool(operator, where, current, result))
            case "ADD":
                self._steps.append(self._offset(operator, where, inputs, result))
            case "SOFTMAX" | "LOGISTIC":
                self._tail = self._make_tail(operator, where, current, result)
            case _:
                self._rename(operator, where, current, result)
        return result

    # Checks

    def _where(self, operator: Operator) -> str:
        name = self._graph.tensors[operator.outputs[0]].name if operator.outputs else "no output"
        return f"{operator.kind} (operator {operator.index}, '{name}')"

    def _whole_int8(self, tensor: Tensor, where: str) -> None:
        """Refuse activations that are not int8 with one scale and a static shape."""
        if tensor.dtype != "INT8":
            raise ModelError(
                f"{where}: '{tensor.name}' is {tensor.dtype}, allowed is INT8; convert with "
                "supported_ops = [TFLITE_BUILTINS_INT8], inference_input_type = "
                "inference_output_type = tf.int8 and a representative dataset"
            )
        unknown = [n for n in tensor.signature[1:] if n < 0]
        if unknown or any(n < 1 for n in tensor.shape):
            raise ModelError(
                f"{where}: '{tensor.name}' has the dynamic or empty shape "
                f"{list(tensor.signature)}, allowed are fixed sizes; convert with a fixed input "
                "shape"
            )
        q = tensor.quantisation
        if q is None or len(q.scales) != 1:
            count = len(q.scales) if q else 0
            raise ModelError(
                f"{where}: '{tensor.name}' has {count} scales, allowed is 1 for an activation; "
                "convert with full int8 quantisation"
            )
        if not _INT8[0] <= q.zero_point <= _INT8[1]:
            raise ModelError(
                f"{where}: '{tensor.name}' has zero point {q.zero_point}, allowed is -128 to 127; "
                "convert the model again"
            )

    def _activation(self, operator: Operator, where: str) -> Activation:
        match operator.options["activation"]:
            case "NONE":
                return "NONE"
            case "RELU":
                return "RELU"
            case "RELU6":
                return "RELU6"
            case other:
                raise ModelError(
                    f"{where}: fused activation {other} is not supported (only NONE, RELU, RELU6); "
                    "use one of these in the model"
                )

    def _weights(
        self, where: str, inputs: list[Tensor]
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64], tuple[float, ...]]:
        """Constant int8 weights with zero point 0, bias (zeros where it is missing), scales."""
        if len(inputs) not in (2, 3):
            raise ModelError(f"{where}: {len(inputs)} inputs, allowed is 2 or 3; convert it again")
        weights = inputs[1]
        if weights.dtype != "INT8" or weights.data is None:
            raise ModelError(
                f"{where}: weights '{weights.name}' are {weights.dtype}"
                f"{'' if weights.data is not None else ' and not constant'}, allowed are INT8 "
                "constants; convert with full int8 quantisation"
            )
        q, channels = weights.quantisation, weights.shape[0] if weights.shape else 0
        if q is None or len(q.scales) not in (1, channels) or (len(q.scales) > 1 and q.axis != 0):
            raise ModelError(
                f"{where}: weights '{weights.name}' have {len(q.scales) if q else 0} scales along "
                f"axis {q.axis if q else 0}, allowed is 1, or one for each of {channels} output "
                "channels along axis 0; convert the model again"
            )
        if any(q.zero_points):
            raise ModelError(
                f"{where}: weights '{weights.name}' have zero point "
                f"{next(z for z in q.zero_points if z)}, allowed is 0; convert with symmetric "
                "weights (the converter's default for int8)"
            )
        bias = np.zeros(channels, np.int64)
        if len(inputs) == 3:
            if inputs[2].dtype != "INT32" or inputs[2].data is None:
                raise ModelError(
                    f"{where}: bias '{inputs[2].name}' is {inputs[2].dtype}"
                    f"{'' if inputs[2].data is not None else ' and not constant'}, allowed is an "
                    "INT32 constant; convert with int8 activations (not 16x8)"
                )
            if inputs[2].data.size != channels:
                raise ModelError(
                    f"{where}: bias '{inputs[2].name}' has {inputs[2].data.size} values for "
                    f"{channels} output channels; convert the model again"
                )
            bias = inputs[2].data.reshape(-1).astype(np.int64)
        return weights.data.astype(np.int8), bias, q.scales

    # Operators

    def _conv(self, operator: Operator, where: str, inputs: list[Tensor], result: Tensor) -> Linear:
        weights, bias, scales = self._weights(where, inputs)
        source = inputs[0]
        if weights.ndim != 4 or len(source.shape) != 4 or len(result.shape) != 4:
            raise ModelError(f"{where}: expected tensors of rank 4; convert the model again")
        dilation = _pair(operator.options["dilation"])
        if dilation != (1, 1):
            raise ModelError(
                f"{where}: dilation {dilation[0]}x{dilation[1]} is not supported (only 1x1); "
                "re-export the model without dilation"
            )
        if weights.shape[3] != source.shape[3]:
            raise ModelError(
                f"{where}: weights for {weights.shape[3]} input channels on "
                f"{source.shape[3]}: grouped convolution is not supported (only groups = 1); use a "
                "full convolution"
            )
        axis, time, kernel, stride = self._axis(
            operator, where, source, (weights.shape[1], weights.shape[2])
        )
        out, pad = padding(operator.options["padding"], time, kernel, stride)
        self._agree(where, result, Shape(out, weights.shape[0]), axis)
        return Linear(
            where,
            f"{operator.kind} {operator.index}",
            "conv",
            Shape(time, source.shape[3]),
            Shape(out, weights.shape[0]),
            weights.reshape(weights.shape[0], kernel, weights.shape[3]),
            bias,
            stride,
            pad,
            _quantised(source),
            _quantised(result),
            scales,
            _bias_scale(inputs),
            self._activation(operator, where),
        )

    def _axis(
        self, operator: Operator, where: str, source: Tensor, window: tuple[int, int]
    ) -> tuple[int, int, int, int]:
        """Find the one spatial axis: its index, size, window and stride."""
        if source.shape[0] != 1:
            raise ModelError(
                f"{where}: '{source.name}' has batch {source.shape[0]}, allowed is 1; convert with "
                "batch_size=1"
            )
        stride = _pair(operator.options["stride"])
        if min(*stride, *window) < 1:
            raise ModelError(
                f"{where}: stride {stride} and window {window}, allowed is 1 and more; convert the "
                "model again"
            )
        for along, across in ((2, 1), (1, 2)):
            if source.shape[across] == 1 and window[across - 1] == 1:
                return along, source.shape[along], window[along - 1], stride[along - 1]
        raise ModelError(
            f"{where}: window {window[0]}x{window[1]} on {source.shape[1]}x{source.shape[2]} is "
            "not supported (only 1xK on 1xT or Kx1 on Tx1, one axis of time); use a window along "
            "time and put the other axis into the channels"
        )

    def _agree(self, where: str, result: Tensor, shape: Shape, axis: int) -> None:
        """Refuse a result whose shape in the file is not the computed one."""
        expected = [1, 1, 1, shape.channels]
        expected[axis] = shape.time
        if list(result.shape) != expected or shape.time < 1:
            raise ModelError(
                f"{where}: '{result.name}' has shape {list(result.shape)}, its operator makes "
                f"{expected}; the file is damaged, convert the model again"
            )

    def _dense(
        self, operator: Operator, where: str, inputs: list[Tensor], result: Tensor
    ) -> Linear:
        weights, bias, scales = self._weights(where, inputs)
        source = inputs[0]
        if operator.options["format"] != 0:
            raise ModelError(
                f"{where}: shuffled weights are not supported (only the default format); convert "
                "the model again"
            )
        size = math.prod(source.shape)
        if weights.ndim != 2 or size % weights.shape[1]:
            raise ModelError(
                f"{where}: weights of shape {list(weights.shape)} do not fit an input of {size} "
                "values; the file is damaged, convert the model again"
            )
        # Leading axes are rows that share the weights: a convolution with a kernel of 1.
        rows = size // weights.shape[1]
        if math.prod(result.shape) != rows * weights.shape[0]:
            raise ModelError(
                f"{where}: '{result.name}' has shape {list(result.shape)}, its operator makes "
                f"{rows} x {weights.shape[0]} values; the file is damaged, convert the model again"
            )
        return Linear(
            where,
            f"{operator.kind} {operator.index}",
            "dense",
            Shape(rows, weights.shape[1]),
            Shape(rows, weights.shape[0]),
            weights[:, None, :],
            bias,
            1,
            0,
            _quantised(source),
            _quantised(result),
            scales,
            _bias_scale(inputs),
            self._activation(operator, where),
        )

    def _pool(self, operator: Operator, where: str, source: Tensor, result: Tensor) -> Pool:
        if len(source.shape) != 4 or len(result.shape) != 4:
            raise ModelError(f"{where}: expected tensors of rank 4; convert the model again")
        axis, time, window, stride = self._axis(
            operator, where, source, _pair(operator.options["window"])
        )
        out, pad = padding(operator.options["padding"], time, window, stride)
        self._agree(where, result, Shape(out, source.shape[3]), axis)
        before, after = _quantised(source), _quantised(result)
        # The runtimes copy integers: scales that differ would change the value in silence.
        if before.zero_point != after.zero_point or abs(before.scale - after.scale) > 1e-6:
            raise ModelError(
                f"{where}: pooling from scale {before.scale:g}, zero point {before.zero_point} to "
                f"scale {after.scale:g}, zero point {after.zero_point}: allowed is the same on "
                "both sides; convert the model again"
            )
        return Pool(
            where,
            f"{operator.kind} {operator.index}",
            Shape(time, source.shape[3]),
            Shape(out, source.shape[3]),
            window,
            stride,
            pad,
            after,
            self._activation(operator, where),
        )

    def _offset(
        self, operator: Operator, where: str, inputs: list[Tensor], result: Tensor
    ) -> Offset:
        source, channels = inputs[0], inputs[0].shape[-1]
        addend = inputs[1] if len(inputs) == 2 else None
        if (
            addend is None
            or addend.data is None
            or addend.dtype != "INT8"
            or addend.data.size not in (1, channels)
            or (addend.shape and addend.shape[-1] != addend.data.size)
            or addend.quantisation is None
            or len(addend.quantisation.scales) != 1
            or result.shape != source.shape
        ):
            raise ModelError(
                f"{where}: only the addition of an INT8 constant for each channel is supported (a "
                "bias that an older converter left apart); convert the model again with a current "
                "TensorFlow, which puts the bias into the layer"
            )
        constant = np.broadcast_to(addend.data.reshape(-1).astype(np.int64), channels)
        return Offset(
            where,
            f"{operator.kind} {operator.index}",
            Shape(math.prod(source.shape) // channels, channels),
            _quantised(source),
            addend.quantisation,
            _quantised(result),
            constant,
            self._activation(operator, where),
        )

    def _make_tail(self, operator: Operator, where: str, source: Tensor, result: Tensor) -> Tail:
        q = _quantised(result)
        if q.zero_point != -128 or q.scale != 1 / 256:
            raise ModelError(
                f"{where}: output scale {q.scale:g}, zero point {q.zero_point}, allowed is 1/256 "
                "and -128; convert the model again"
            )
        if source.shape != result.shape:
            raise ModelError(
                f"{where}: shape {list(source.shape)} becomes {list(result.shape)}; the file is "
                "damaged, convert the model again"
            )
        kind: Literal["SOFTMAX", "LOGISTIC"] = (
            "SOFTMAX" if operator.kind == "SOFTMAX" else "LOGISTIC"
        )
        beta = operator.options.get("beta", 1.0)
        if not isinstance(beta, float) or not (math.isfinite(beta) and beta > 0):
            raise ModelError(f"{where}: beta {beta}, allowed is above 0; convert the model again")
        return Tail(kind, where, source.shape[-1], beta, _quantised(source), q)

    # Shapes

    def _rename(self, operator: Operator, where: str, source: Tensor, result: Tensor) -> None:
        if math.prod(source.shape) != math.prod(result.shape):
            raise ModelError(
                f"{where}: {list(source.shape)} to {list(result.shape)} changes the number of "
                "values; convert the model again"
            )
        before, after = _quantised(source), _quantised(result)
        if before.zero_point != after.zero_point or before.scale != after.scale:
            raise ModelError(
                f"{where}: changes scale or zero point ({before.scale:g}, {before.zero_point} to "
                f"{after.scale:g}, {after.zero_point}), allowed is the same on both sides; convert "
                "the model again"
            )
        wanted = self._shape_of(operator.inputs[1]) if len(operator.inputs) > 1 else None
        if operator.kind == "RESHAPE" and wanted is not None:
            fixed = [n for n in wanted.reshape(-1).tolist() if n >= 0]
            rest = math.prod(result.shape) // max(1, math.prod(fixed))
            if [n if n >= 0 else rest for n in wanted.reshape(-1).tolist()] != list(result.shape):
                raise ModelError(
                    f"{where}: asks for shape {wanted.reshape(-1).tolist()}, '{result.name}' has "
                    f"{list(result.shape)}; convert with batch_size=1"
                )

    def _shape_of(self, index: int) -> npt.NDArray[np.int64] | None:
        """Value of a shape tensor: a constant, or computed by SHAPE, STRIDED_SLICE and PACK."""
        if index in self._shapes:
            return self._shapes[index]
        data = self._graph.tensors[index].data if index >= 0 else None
        return None if data is None else data.astype(np.int64)

    def _shape(self, operator: Operator) -> None:
        where = self._where(operator)
        if operator.kind == "SHAPE":
            source = self._graph.tensors[operator.inputs[0]]
            value = np.array(source.shape, np.int64)
        else:
            parts = [self._shape_of(i) for i in operator.inputs]
            known = [part for part in parts if part is not None]
            if len(known) != len(parts) or not known:
                raise ModelError(
                    f"{where}: reads values, allowed is the computation of a shape only; convert "
                    "with batch_size=1"
                )
            if operator.kind == "PACK":
                value = np.array([int(part.reshape(-1)[0]) for part in known], np.int64)
            else:
                value = self._slice(operator, where, known)
        self._shapes[operator.outputs[0]] = value

    def _slice(
        self, operator: Operator, where: str, parts: list[npt.NDArray[np.int64]]
    ) -> npt.NDArray[np.int64]:
        options = operator.options
        if len(parts) != 4 or any(p.size != 1 for p in parts[1:]) or options["unsupported"]:
            raise ModelError(
                f"{where}: allowed is one range of a shape (begin, end, stride); convert with "
                "batch_size=1"
            )
        begin, end, stride = (int(part.reshape(-1)[0]) for part in parts[1:])
        values = parts[0].reshape(-1)
        if options["shrink"]:
            return np.asarray(values[begin], np.int64)
        return values[
            slice(None if options["begin"] else begin, None if options["end"] else end, stride)
        ]


#: What to do about operators that are met often.
_HINTS = {
    "QUANTIZE": "convert with inference_input_type = inference_output_type = tf.int8",
    "DEQUANTIZE": "convert with inference_input_type = inference_output_type = tf.int8",
    "DEPTHWISE_CONV_2D": "use a full convolution",
    "AVERAGE_POOL_2D": "use MaxPooling1D, or a convolution with constant weights",
    "MEAN": "use Flatten and Dense instead of a global average",
    "RELU": "let the converter fuse it: activation='relu' in the layer before",
    "RELU6": "let the converter fuse it: use tf.nn.relu6 right after the layer",
    "MUL": "fold batch normalisation into the layer before (train with it, convert for inference)",
}


def _pair(value: object) -> tuple[int, int]:
    """Height and width of an option."""
    if not isinstance(value, tuple) or len(value) != 2:
        raise ModelError(f"expected height and width, got {value!r}; convert the model again")
    return value


def _bias_scale(inputs: list[Tensor]) -> float | None:
    if len(inputs) < 3:
        return None
    return inputs[2].quantisation.scale if inputs[2].quantisation else 0.0


def _quantised(tensor: Tensor) -> Quantisation:
    """Quantisation of an activation that `_whole_int8` has let pass."""
    if tensor.quantisation is None:
        raise ModelError(f"'{tensor.name}' is not quantised; convert with full int8 quantisation")
    return tensor.quantisation


def reconcile(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Give a dense layer after a Flatten the shape that the step before it writes.

    A kernel that covers its whole input once does not depend on how the input is cut into rows, so
    that the padded channels of the rows in memory only permute its weights.
    """
    out = list(steps[:1])
    for step in steps[1:]:
        before = out[-1].result
        if (
            isinstance(step, Linear)
            and step.whole
            and step.source != before
            and step.source.size == before.size
        ):
            weights = step.weights.reshape(-1, before.time, before.channels)
            step = replace(step, source=before, weights=weights)
        out.append(step)
    return tuple(out)
