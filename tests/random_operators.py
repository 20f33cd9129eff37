"""Random models of one operator each, over all of its parameters."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from modelgen import Builder

Array = npt.NDArray[Any]

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
#: Inputs that each model is run on.
FRAMES = 3


class Case(NamedTuple):
    """A model and its inputs, each [frames, *shape]."""

    model: bytes
    inputs: list[Array]


class Draw:
    """Numbers that models are made of."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def scale(self, low: float = -8, high: float = 1) -> float:
        exponent = self.rng.uniform(low, high)
        return float(np.float32(2.0 ** (round(exponent) if self.chance(0.2) else exponent)))

    def zero(self) -> int:
        return int(self.rng.choice([-128, 0, 127, *[self.integer(-128, 127)] * 5]))

    def activation(self) -> str:
        return str(self.rng.choice(ACTIVATIONS))

    def pair(self, low: int, high: int) -> tuple[int, int]:
        first, second = self.integer(low, high), self.integer(low, high)
        return first, first if self.chance(0.5) else second

    def values(self, shape: tuple[int, ...], dtype: type = np.int8) -> Array:
        info = np.iinfo(dtype)
        values = self.rng.integers(info.min, info.max + 1, (FRAMES, *shape)).astype(dtype)
        values[0].flat[: 1 + values[0].size // 3] = self.rng.choice([info.min, info.max])
        return values

    def quantised(self, activation: str) -> tuple[float, int]:
        """Scale and zero point of an output whose activation leaves a range."""
        if activation == "NONE":
            return self.scale(), self.zero()
        zero = self.zero() if self.chance(0.2) else self.integer(-128, 100)
        return self.scale(-7, 0 if activation == "RELU6" else -3), zero


def _kernel(draw: Draw, size: int, dilation: int, same: bool) -> int:
    """Draw a kernel that fits."""
    if same:
        return draw.integer(1, 5)
    return draw.integer(1, max(1, min(5, (size - 1) // dilation + 1)))


def _conv(draw: Draw, depthwise: bool) -> Case:
    b = Builder()
    height, width = draw.pair(1, 9)
    channels, same = draw.integer(1, 7), draw.chance(0.5)
    dilation = draw.pair(1, 3) if draw.chance(0.3) else (1, 1)
    sizes = [_kernel(draw, n, d, same) for n, d in zip((height, width), dilation, strict=True)]
    stride = draw.pair(1, 3)
    shape = (1 if draw.chance(0.8) else 2, height, width, channels)
    zero = draw.zero()
    x = b.input(shape, draw.scale(), zero)
    if depthwise:
        out_channels = channels * draw.integer(1, 3)
        kernel = (1, *sizes, out_channels)
        depth = int(np.prod(sizes))
    else:
        groups = channels if draw.chance(0.2) else 1
        out_channels = groups * draw.integer(1, 9 // groups)
        kernel = (out_channels, *sizes, channels // groups)
        depth = int(np.prod(kernel[1:]))
    limit = draw.integer(1, 127)
    weights = draw.rng.integers(-limit, limit + 1, kernel).astype(np.int8)
    activation = draw.activation()
    out = draw.quantised(activation)
    spread = limit * 90 * depth**0.5
    bias = draw.rng.normal(0, spread, out_channels).round().astype(np.int32)
    each = out_channels if draw.chance(0.6) else 1
    factor = draw.rng.choice([5, 50, 500]) / spread * 2.0 ** draw.rng.uniform(-2, 0, each)
    scales = [float(np.float32(f * out[0] / b.scale(x))) for f in factor]
    make = b.depthwise if depthwise else b.conv
    y = make(
        x,
        weights,
        bias,
        scales if each > 1 else scales[0],
        out,
        stride=stride,
        same=same,
        activation=activation,
        dilation=dilation,
    )
    return Case(b.build(y), [draw.values(shape)])


def conv(draw: Draw) -> Case:
    """Draw a CONV_2D."""
    return _conv(draw, depthwise=False)


def depthwise(draw: Draw) -> Case:
    """Draw a DEPTHWISE_CONV_2D."""
    return _conv(draw, depthwise=True)


def dense(draw: Draw) -> Case:
    """Draw a FULLY_CONNECTED."""
    b = Builder()
    rows, depth, channels = draw.integer(1, 3), draw.integer(1, 40), draw.integer(1, 9)
    x = b.input([rows, depth], draw.scale(), draw.zero())
    limit = draw.integer(1, 127)
    weights = draw.rng.integers(-limit, limit + 1, (channels, depth)).astype(np.int8)
    activation = draw.activation()
    out = draw.quantised(activation)
    spread = limit * 90 * depth**0.5
    bias = draw.rng.normal(0, spread, channels).round().astype(np.int32)
    each = channels if draw.chance(0.5) else 1
    factor = draw.rng.choice([5, 50, 500]) / spread * 2.0 ** draw.rng.uniform(-2, 0, each)
    scales = [float(np.float32(f * out[0] / b.scale(x))) for f in factor]
    y = b.dense(
        x,
        weights,
        bias if draw.chance(0.8) else None,
        scales if each > 1 else scales[0],
        out,
        activation=activation,
    )
    return Case(b.build(y), [draw.values((rows, depth))])


def _pool(draw: Draw, kind: str) -> Case:
    b = Builder()
    height, width = draw.pair(1, 9)
    same = draw.chance(0.5)
    window = _kernel(draw, height, 1, same), _kernel(draw, width, 1, same)
    shape = (1 if draw.chance(0.8) else 2, height, width, draw.integer(1, 7))
    activation = draw.activation()
    x = b.input(shape, *draw.quantised(activation))
    y = b.pool(x, window, draw.pair(1, 3), same=same, activation=activation, kind=kind)
    return Case(b.build(y), [draw.values(shape)])


def average_pool(draw: Draw) -> Case:
    """Draw an AVERAGE_POOL_2D."""
    return _pool(draw, "AVERAGE_POOL_2D")


def max_pool(draw: Draw) -> Case:
    """Draw a MAX_POOL_2D."""
    return _pool(draw, "MAX_POOL_2D")


def mean(draw: Draw) -> Case:
    """Draw a MEAN over some axes, the batch excepted."""
    b = Builder()
    shape = (1, *(draw.integer(1, 8) for _ in range(draw.integer(1, 3))))
    rank = len(shape)
    axes = draw.rng.choice(np.arange(1, rank), draw.integer(1, rank - 1), replace=False)
    scale, zero = draw.scale(), draw.zero()
    same = draw.chance(0.3)
    out = (scale, zero) if same else (scale * 2.0 ** float(draw.rng.uniform(-4, 2)), draw.zero())
    x = b.input(shape, scale, zero)
    signed = [int(a) - rank * draw.chance(0.3) for a in axes]
    return Case(b.build(b.mean(x, signed, draw.chance(0.5), out)), [draw.values(shape)])


def add(draw: Draw) -> Case:
    """Draw an ADD: the same shapes, or one that broadcasts."""
    b = Builder()
    rank = draw.integer(1, 4)
    shape = tuple(draw.integer(1, 5) for _ in range(rank))
    other = shape
    if draw.chance(0.5):
        other = tuple(n if draw.chance(0.5) else 1 for n in shape)[draw.integer(0, rank - 1) :]
    shapes = [shape, other] if draw.chance(0.5) else [other, shape]
    activation = draw.activation()
    out = draw.quantised(activation)
    scales = [out[0] * 2.0 ** float(draw.rng.uniform(-4, 2)) for _ in range(2)]
    xs = [b.input(s, q, draw.zero()) for s, q in zip(shapes, scales, strict=True)]
    y = b.sum(*xs, out, activation=activation)
    return Case(b.build(y), [draw.values(s) for s in shapes])


def pad(draw: Draw) -> Case:
    """Draw a PAD."""
    b = Builder()
    shape = tuple(draw.integer(1, 5) for _ in range(draw.integer(1, 4)))
    x = b.input(shape, draw.scale(), draw.zero())
    y = b.pad(x, [(draw.integer(0, 3), draw.integer(0, 3)) for _ in shape])
    return Case(b.build(y), [draw.values(shape)])


def quantize(draw: Draw) -> Case:
    """Draw a QUANTIZE from float32."""
    b = Builder()
    shape = tuple(draw.integer(1, 6) for _ in range(draw.integer(1, 4)))
    x = b.input(shape, None, dtype="FLOAT32")
    scale, zero = draw.scale(), draw.zero()
    y = b.quantize(x, (scale, zero))
    steps = draw.rng.uniform(-300, 300, (FRAMES, *shape))
    # Ties, and what lies just beside them.
    ties = np.round(steps) + 0.5
    values = np.where(draw.rng.random(steps.shape) < 0.5, ties, steps) * scale
    values = np.where(draw.chance(0.5), np.nextafter(np.float32(values), np.float32(0)), values)
    return Case(b.build(y), [values.astype(np.float32)])


def requantize(draw: Draw) -> Case:
    """Draw a QUANTIZE between bytes."""
    b = Builder()
    kinds = [("INT8", "INT8"), ("INT8", "UINT8"), ("UINT8", "INT8")]
    source, result = kinds[draw.integer(0, 2)]
    shape = tuple(draw.integer(1, 6) for _ in range(draw.integer(1, 4)))
    scale, zero = draw.scale(), draw.zero()
    same = draw.chance(0.4)
    out = scale if same else float(np.float32(scale * 2.0 ** draw.rng.uniform(-4, 4)))
    x = b.input(shape, scale, zero + 128 * (source == "UINT8"), dtype=source)
    zero = zero if same and draw.chance(0.6) else draw.zero()
    y = b.quantize(x, (out, zero + 128 * (result == "UINT8")), dtype=result)
    return Case(b.build(y), [draw.values(shape, np.int8 if source == "INT8" else np.uint8)])


def dequantize(draw: Draw) -> Case:
    """Draw a DEQUANTIZE."""
    b = Builder()
    shape = tuple(draw.integer(1, 6) for _ in range(draw.integer(1, 4)))
    unsigned = draw.chance(0.5)
    x = b.input(
        shape, draw.scale(), draw.zero() + 128 * unsigned, dtype="UINT8" if unsigned else "INT8"
    )
    return Case(b.build(b.dequantize(x)), [draw.values(shape, np.uint8 if unsigned else np.int8)])


def reshape(draw: Draw) -> Case:
    """Draw a RESHAPE."""
    b = Builder()
    sizes = [draw.integer(1, 4) for _ in range(draw.integer(1, 4))]
    x = b.input(sizes, draw.scale(), draw.zero())
    wanted = [int(n) for n in draw.rng.permutation(sizes)]
    y = b.rename("RESHAPE", x, wanted, [-1, *wanted[1:]] if draw.chance(0.5) else wanted)
    return Case(b.build(y), [draw.values(tuple(sizes))])


def tail(draw: Draw) -> Case:
    """Draw a SOFTMAX or LOGISTIC."""
    b = Builder()
    shape = (draw.integer(1, 3), draw.integer(1, 40))
    x = b.input(shape, draw.scale(-6, 0), draw.zero())
    kind = "SOFTMAX" if draw.chance(0.5) else "LOGISTIC"
    y = b.tail(kind, x, float(draw.rng.choice([1.0, 0.5])))
    return Case(b.build(y), [draw.values(shape)])


DRAWN: dict[str, Callable[[Draw], Case]] = {
    "ADD": add,
    "AVERAGE_POOL_2D": average_pool,
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "DEQUANTIZE": dequantize,
    "FULLY_CONNECTED": dense,
    "MAX_POOL_2D": max_pool,
    "MEAN": mean,
    "PAD": pad,
    "QUANTIZE": quantize,
    "QUANTIZE bytes": requantize,
    "RESHAPE": reshape,
    "tail": tail,
}
