"""From one operator to one step, with every check that the operator needs."""

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import ModelError
from .graph import (
    Activation,
    Down,
    Linear,
    Offset,
    Operator,
    Pool,
    Quantisation,
    Shape,
    Tail,
    Tensor,
)

_SAME, _VALID = 0, 1
_INT8 = (-128, 127)


def padding(kind: object, size: int, window: int, stride: int) -> tuple[int, int]:
    """Compute the output size and the padding before the first value, as TensorFlow Lite does.

    Raises
        ModelError: neither SAME nor VALID
    Source: TensorFlow Lite, kernels/padding.h, ComputeOutSize and ComputePaddingWithOffset
    """
    if kind not in (_SAME, _VALID):
        raise ModelError(
            f"padding number {kind}, allowed is SAME or VALID; convert the model again"
        )
    if kind == _VALID:
        return max(0, (size + stride - window) // stride), 0
    out = (size + stride - 1) // stride
    return out, max((out - 1) * stride + window - size, 0) // 2


def check_activation(tensor: Tensor, where: str) -> None:
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


def activation(operator: Operator, where: str) -> Activation:
    """Read the fused activation."""
    match operator.options["activation"]:
        case "NONE":
            return "NONE"
        case "RELU":
            return "RELU"
        case "RELU6":
            return "RELU6"
        case "RELU_N1_TO_1":
            return "RELU_N1_TO_1"
        case other:
            raise ModelError(
                f"{where}: fused activation {other} is not supported (only NONE, RELU, RELU6, "
                "RELU_N1_TO_1); use one of these in the model"
            )


def constants(
    where: str, inputs: list[Tensor], axis: int = 0
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64], tuple[float, ...]]:
    """Read constant int8 weights with zero point 0, bias (zeros where it is missing), scales.

    Parameters
        inputs : activation, weights, and the bias where there is one
        axis : of the output channels in the weights
    """
    if len(inputs) not in (2, 3):
        raise ModelError(f"{where}: {len(inputs)} inputs, allowed is 2 or 3; convert it again")
    weights = inputs[1]
    if weights.dtype != "INT8" or weights.data is None:
        raise ModelError(
            f"{where}: weights '{weights.name}' are {weights.dtype}"
            f"{'' if weights.data is not None else ' and not constant'}, allowed are INT8 "
            "constants; convert with full int8 quantisation"
        )
    q, channels = weights.quantisation, weights.shape[axis] if len(weights.shape) > axis else 0
    if q is None or len(q.scales) not in (1, channels) or (len(q.scales) > 1 and q.axis != axis):
        raise ModelError(
            f"{where}: weights '{weights.name}' have {len(q.scales) if q else 0} scales along "
            f"axis {q.axis if q else 0}, allowed is 1, or one for each of {channels} output "
            f"channels along axis {axis}; convert the model again"
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


def conv(operator: Operator, where: str, inputs: list[Tensor], result: Tensor) -> Linear:
    """Make a step of CONV_2D or DEPTHWISE_CONV_2D."""
    depthwise = operator.kind == "DEPTHWISE_CONV_2D"
    # Weights are [out, height, width, in], depthwise ones [1, height, width, out].
    weights, bias, scales = constants(where, inputs, axis=3 if depthwise else 0)
    source = inputs[0]
    if weights.ndim != 4 or len(source.shape) != 4 or len(result.shape) != 4:
        raise ModelError(f"{where}: expected tensors of rank 4; convert the model again")
    _check_dilation(operator, where)
    first, height, width, last = weights.shape
    if depthwise and (first, last) != (1, source.shape[3]):
        raise ModelError(
            f"{where}: {last} output channels of {source.shape[3]} input channels, allowed is one "
            "of each; use depth_multiplier=1"
        )
    if last != source.shape[3]:
        raise ModelError(
            f"{where}: weights for {last} input channels on {source.shape[3]}: grouped convolution "
            "is not supported (only groups = 1); use a full convolution"
        )
    channels = last if depthwise else first
    window = _window(operator, where, source, (height, width))
    _agree(where, result, (*window.out, channels))
    return Linear(
        where,
        f"{operator.kind} {operator.index}",
        "conv",
        window.source(source.shape[3]),
        window.result(channels),
        weights.reshape(-1, last).T[:, :, None] if depthwise else weights.reshape(first, -1, last),
        bias,
        window.stride[1],
        window.pad[1],
        quantised(source),
        quantised(result),
        scales,
        _bias_scale(inputs),
        activation(operator, where),
        window.down(),
        depthwise=depthwise,
    )


class _Window(NamedTuple):
    """Where a kernel or a pooling stands: (down, along) each; a signal's one axis is along."""

    shape: tuple[int, int]
    size: tuple[int, int]
    stride: tuple[int, int]
    pad: tuple[int, int]
    #: Height and width of the result, as the file has them.
    out: tuple[int, int]
    positions: tuple[int, int]

    def source(self, channels: int) -> Shape:
        return Shape(self.shape[1], channels, self.shape[0])

    def result(self, channels: int) -> Shape:
        return Shape(self.positions[1], channels, self.positions[0])

    def down(self, *, pooled: bool = False) -> Down:
        # One position has no next one.
        stride = self.stride[0] if self.positions[0] > 1 else 1
        if pooled:
            return Down(pad=self.pad[0], windows=self.size[0], step=stride)
        return Down(self.size[0], stride, self.pad[0])


def _window(operator: Operator, where: str, source: Tensor, size: tuple[int, int]) -> _Window:
    """Place a window on [1, height, width, channels]."""
    if source.shape[0] != 1:
        raise ModelError(
            f"{where}: '{source.name}' has batch {source.shape[0]}, allowed is 1; convert with "
            "batch_size=1"
        )
    stride = _pair(operator.options["stride"])
    if min(*stride, *size) < 1:
        raise ModelError(
            f"{where}: stride {stride} and window {size}, allowed is 1 and more; convert the "
            "model again"
        )
    shape = source.shape[1], source.shape[2]
    kind = operator.options["padding"]
    along = [padding(kind, *axis) for axis in zip(shape, size, stride, strict=True)]
    out, pad = ((along[0][n], along[1][n]) for n in (0, 1))
    if shape[1] == size[1] == 1:
        # One axis, which is that of the height: its rows lie as those of a line do.
        return _Window(shape[::-1], size[::-1], stride[::-1], pad[::-1], out, out[::-1])
    return _Window(shape, size, stride, pad, out, out)


def _check_dilation(operator: Operator, where: str) -> None:
    dilation = _pair(operator.options["dilation"])
    if dilation != (1, 1):
        raise ModelError(
            f"{where}: dilation {dilation[0]}x{dilation[1]} is not supported (only 1x1); "
            "re-export the model without dilation"
        )


def _agree(where: str, result: Tensor, shape: tuple[int, int, int]) -> None:
    """Refuse a result whose shape in the file is not the computed one."""
    expected = [1, *shape]
    if list(result.shape) != expected:
        raise ModelError(
            f"{where}: '{result.name}' has shape {list(result.shape)}, its operator makes "
            f"{expected}; the file is damaged, convert the model again"
        )


def dense(operator: Operator, where: str, inputs: list[Tensor], result: Tensor) -> Linear:
    """Make a step of FULLY_CONNECTED."""
    weights, bias, scales = constants(where, inputs)
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
        quantised(source),
        quantised(result),
        scales,
        _bias_scale(inputs),
        activation(operator, where),
    )


def pool(operator: Operator, where: str, source: Tensor, result: Tensor) -> Pool:
    """Make a step of MAX_POOL_2D."""
    if len(source.shape) != 4 or len(result.shape) != 4:
        raise ModelError(f"{where}: expected tensors of rank 4; convert the model again")
    channels = source.shape[3]
    window = _window(operator, where, source, _pair(operator.options["window"]))
    _agree(where, result, (*window.out, channels))
    before, after = quantised(source), quantised(result)
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
        window.source(channels),
        window.result(channels),
        window.size[1],
        window.stride[1],
        window.pad[1],
        after,
        activation(operator, where),
        window.down(pooled=True),
    )


def offset(operator: Operator, where: str, inputs: list[Tensor], result: Tensor) -> Offset:
    """Make a step of ADD."""
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
        quantised(source),
        addend.quantisation,
        quantised(result),
        constant,
        activation(operator, where),
    )


def tail(operator: Operator, where: str, source: Tensor, result: Tensor) -> Tail:
    """Make the tail of SOFTMAX or LOGISTIC."""
    q = quantised(result)
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
    kind: Literal["SOFTMAX", "LOGISTIC"] = "SOFTMAX" if operator.kind == "SOFTMAX" else "LOGISTIC"
    beta = operator.options.get("beta", 1.0)
    if not isinstance(beta, float) or not (math.isfinite(beta) and beta > 0):
        raise ModelError(f"{where}: beta {beta}, allowed is above 0; convert the model again")
    return Tail(kind, where, source.shape[-1], beta, quantised(source), q)


def _pair(value: object) -> tuple[int, int]:
    """Height and width of an option."""
    if not isinstance(value, tuple) or len(value) != 2:
        raise ModelError(f"expected height and width, got {value!r}; convert the model again")
    return value


def _bias_scale(inputs: list[Tensor]) -> float | None:
    if len(inputs) < 3:
        return None
    return inputs[2].quantisation.scale if inputs[2].quantisation else 0.0


def quantised(tensor: Tensor) -> Quantisation:
    """Quantisation of an activation that `check_activation` has let pass."""
    if tensor.quantisation is None:
        raise ModelError(f"'{tensor.name}' is not quantised; convert with full int8 quantisation")
    return tensor.quantisation
