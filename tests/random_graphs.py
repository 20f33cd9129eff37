"""Random models of any operators, with branches, in each form of input and output."""

import numpy as np
from modelgen import Builder
from random_operators import FRAMES, Array, Case, Draw


class _Drawer(Draw):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.builder = Builder()

    def out(self, activation: str = "NONE") -> tuple[float, int]:
        if activation == "NONE":
            return self.scale(-6, -2), self.integer(-40, 40)
        return self.scale(-6, -4), self.integer(-128, -40)

    def _weighted(
        self, x: int, shape: tuple[int, ...], depth: int, channels: int, out: tuple[float, int]
    ) -> tuple[Array, Array, list[float]]:
        weights = self.rng.integers(-127, 128, shape).astype(np.int8)
        spread = 60 * 70 * depth**0.5
        bias = self.rng.normal(0, spread, channels).round().astype(np.int32)
        ratio = 60 / spread * out[0] / self.builder.scale(x)
        scales = ratio * 2.0 ** self.rng.uniform(-1, 1, channels)
        return weights, bias, [float(np.float32(s)) for s in scales]

    def activation(self) -> str:
        return str(self.rng.choice(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]))

    def conv(self, x: int, channels: int, kernel: tuple[int, int], stride: int = 1) -> int:
        activation = self.activation()
        out = self.out(activation)
        shape = (channels, *kernel, self.builder.shape(x)[3])
        constants = self._weighted(x, shape, int(np.prod(shape[1:])), channels, out)
        return self.builder.conv(
            x, *constants, out, stride=stride, same=True, activation=activation
        )

    def depthwise(self, x: int, kernel: tuple[int, int]) -> int:
        activation, channels = self.activation(), self.builder.shape(x)[3]
        out = self.out(activation)
        shape = (1, *kernel, channels)
        constants = self._weighted(x, shape, kernel[0] * kernel[1], channels, out)
        return self.builder.depthwise(x, *constants, out, same=True, activation=activation)

    def dense(self, x: int, channels: int) -> int:
        out, depth = self.out(), self.builder.shape(x)[-1]
        constants = self._weighted(x, (channels, depth), depth, channels, out)
        return self.builder.dense(x, *constants, out)

    def block(self, x: int) -> int:
        """Add one operator, or a branch and the sum that ends it."""
        b = self.builder
        _, height, width, channels = b.shape(x)
        kernel = min(3, height), min(self.integer(1, 3), width)
        match self.integer(0, 6):
            case 0:
                return self.conv(x, self.integer(1, 12), kernel, self.integer(1, 2))
            case 1:
                return self.depthwise(x, kernel)
            case 2:
                window = min(2, height), min(2, width)
                kind = "MAX_POOL_2D" if self.chance(0.5) else "AVERAGE_POOL_2D"
                return b.pool(x, window, window, kind=kind)
            case 3:
                sides = [[0, 0], [0, self.integer(0, 2)], [self.integer(0, 2), 0], [0, 0]]
                return b.pad(x, sides)
            case 4:
                return b.quantize(x, self.out())
            case 5:
                y = self.conv(self.conv(x, channels, kernel), channels, kernel)
                return b.sum(x, y, self.out())
            case _:
                pair = [self.conv(x, 5, kernel), self.depthwise(x, (1, 1))]
                y = b.sum(pair[0], self.conv(pair[1], 5, (1, 1)), self.out())
                return b.sum(y, pair[0], self.out(), activation="RELU")


def random_graph(seed: int) -> tuple[Case, int]:
    """Draw a model of float32, int8 or uint8 input; return it and its number of outputs."""
    draw = _Drawer(seed)
    b = draw.builder
    shape = (1, draw.integer(1, 8), draw.integer(1, 8), draw.integer(1, 6))
    scale, zero = draw.scale(-6, -2), draw.integer(-128, 127)
    form = draw.integer(0, 2)
    values: Array = draw.values(shape)
    if form == 0:
        x = b.quantize(b.input(shape, None, dtype="FLOAT32"), (scale, zero))
        values = (values * np.float32(scale * 1.3)).astype(np.float32)
    elif form == 1:
        x = b.quantize(b.input(shape, scale, zero + 128, dtype="UINT8"), (scale, zero))
        values = draw.rng.integers(0, 256, (FRAMES, *shape)).astype(np.uint8)
    else:
        x = b.input(shape, scale, zero)
    for _ in range(draw.integer(1, 4)):
        x = draw.block(x)
    side = [x] if draw.chance(0.3) else []
    if draw.chance(0.3):
        y = b.mean(x, [1, 2], False, draw.out())
    else:
        y = b.reshape(x, [1, int(np.prod(b.shape(x)))])
    y = draw.dense(y, draw.integer(1, 12))
    if draw.chance(0.5):
        y = b.tail("SOFTMAX" if draw.chance(0.5) else "LOGISTIC", y)
    if form == 0:
        y = b.dequantize(y)
    elif form == 1:
        zero = b.graph.tensors[y].quantization.zeroPoint[0]
        y = b.quantize(y, (b.scale(y), zero + 128), dtype="UINT8")
    return Case(b.build(y, *side), [values]), 1 + len(side)


def branch() -> bytes:
    """Two convolutions on one tensor, and their sum."""
    b = Builder()
    x = b.input([1, 1, 6, 3], 0.1, 0)
    weights = np.ones((4, 1, 3, 3), np.int8)
    first = b.conv(x, weights, None, 0.1, (0.5, 0), same=True)
    second = b.conv(first, np.ones((4, 1, 1, 4), np.int8), None, 0.1, (0.5, 0))
    third = b.conv(first, np.ones((4, 1, 1, 4), np.int8), None, 0.1, (0.5, 0))
    return b.build(b.sum(second, third, (0.9, 0)))
