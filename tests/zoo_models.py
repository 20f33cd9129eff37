"""Networks of the field with random weights and fixed seeds, built operator by operator.

Weights are drawn so that every activation spreads over int8. To write one of them:

    python tests/zoo_models.py azimuth-360 azimuth-360.tflite
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from modelgen import Builder, Pair

Int8Array = npt.NDArray[np.int8]
Form = Literal["int8", "float32", "uint8"]
FORMS: tuple[Form, ...] = ("int8", "float32", "uint8")

#: Deviation of weights and of sums after scaling, in steps of int8.
_WEIGHTS, _SUMS = 40.0, 45.0
#: Root mean square of an input that uses all of int8, and of what a RELU leaves.
_INPUT, _RELU = 74.0, 32.0


class _Network:
    """A network under construction, one activation after the other."""

    def __init__(self, seed: int) -> None:
        self.builder = Builder()
        self.rng = np.random.default_rng(seed)
        self._rms: dict[int, float] = {}

    def input(self, shape: list[int], form: Form = "int8") -> int:
        """Add the input, and the QUANTIZE behind it in the forms that have one."""
        quantised = (float(np.float32(1 / 64)), 0)
        b = self.builder
        if form == "float32":
            x = b.quantize(b.input(shape, None, dtype="FLOAT32"), quantised)
        elif form == "uint8":
            x = b.quantize(b.input(shape, quantised[0], 128, dtype="UINT8"), quantised)
        else:
            x = b.input(shape, *quantised)
        self._rms[x] = _INPUT
        return x

    def output(self, x: int, form: Form = "int8") -> int:
        """Add what the forms have before their output."""
        if form == "float32":
            return self.builder.dequantize(x)
        if form == "uint8":
            zero = self.builder.graph.tensors[x].quantization.zeroPoint[0]
            return self.builder.quantize(x, (self.builder.scale(x), zero + 128), dtype="UINT8")
        return x

    def _scaled(
        self, x: int, shape: tuple[int, ...], depth: int, channels: int, out: tuple[float, int]
    ) -> tuple[Int8Array, npt.NDArray[np.int32], list[float]]:
        """Draw weights, biases and the scales that spread their sums."""
        weights = np.clip(self.rng.normal(0, _WEIGHTS, shape).round(), -127, 127).astype(np.int8)
        spread = depth**0.5 * _WEIGHTS * self._rms[x]
        bias = self.rng.normal(0, spread / 4, channels).round().astype(np.int32)
        ratio = _SUMS / spread * out[0] / self.builder.scale(x)
        scales = (ratio * self.rng.uniform(0.8, 1.25, channels)).astype(np.float32)
        return weights, bias, [float(s) for s in scales]

    def _out(self, activation: str) -> tuple[float, int]:
        if activation == "RELU":
            return float(np.float32(self.rng.uniform(0.02, 0.03))), -128
        # Logits that a softmax tells apart.
        return float(np.float32(self.rng.uniform(0.08, 0.12))), int(self.rng.integers(-20, 20))

    def conv(
        self,
        x: int,
        channels: int,
        kernel: tuple[int, int],
        stride: Pair = 1,
        same: bool = True,
        activation: str = "RELU",
    ) -> int:
        """Add a convolution."""
        shape = (channels, *kernel, self.builder.shape(x)[3])
        out = self._out(activation)
        weights = self._scaled(x, shape, int(np.prod(shape[1:])), channels, out)
        y = self.builder.conv(x, *weights, out, stride=stride, same=same, activation=activation)
        self._rms[y] = _RELU if activation == "RELU" else _SUMS
        return y

    def depthwise(self, x: int, kernel: tuple[int, int]) -> int:
        """Add a depthwise convolution."""
        channels, out = self.builder.shape(x)[3], self._out("RELU")
        shape = (1, *kernel, channels)
        weights = self._scaled(x, shape, kernel[0] * kernel[1], channels, out)
        y = self.builder.depthwise(x, *weights, out, same=True, activation="RELU")
        self._rms[y] = _RELU
        return y

    def dense(self, x: int, channels: int, activation: str = "RELU") -> int:
        """Add a dense layer."""
        depth, out = self.builder.shape(x)[-1], self._out(activation)
        weights, bias, scales = self._scaled(x, (channels, depth), depth, channels, out)
        y = self.builder.dense(x, weights, bias, scales[0], out, activation=activation)
        self._rms[y] = _RELU if activation == "RELU" else _SUMS
        return y

    def add(self, a: int, b: int) -> int:
        """Add a sum."""
        y = self.builder.sum(a, b, self._out("RELU"), activation="RELU")
        self._rms[y] = 2 * _RELU
        return y

    def average(self, x: int) -> int:
        """Add a global average, and flatten it."""
        _, height, width, channels = self.builder.shape(x)
        y = self.builder.pool(x, (height, width), (height, width), kind="AVERAGE_POOL_2D")
        y = self.builder.reshape(y, [1, channels])
        self._rms[y] = _RELU / 2
        return y

    def flatten(self, x: int) -> int:
        """Flatten."""
        y = self.builder.reshape(x, [1, int(np.prod(self.builder.shape(x)))])
        self._rms[y] = self._rms[x]
        return y

    def softmax(self, x: int) -> int:
        """Add a softmax."""
        return self.builder.tail("SOFTMAX", x)


def azimuth_360(form: Form = "int8") -> bytes:
    """Build the reference's 360 classes: five convolutions on 25x15, 1,373,712 parameters."""
    net = _Network(360)
    x = net.input([1, 25, 15, 1], form)
    x = net.conv(x, 64, (3, 15), same=False)
    for _ in range(4):
        x = net.conv(x, 64, (3, 1), same=False)
    x = net.dense(net.flatten(x), 1000)
    x = net.softmax(net.dense(x, 360, "NONE"))
    return _finished(net, x, form)


def autoencoder(form: Form = "int8") -> bytes:
    """Build a fully connected autoencoder, 640 values around a middle of 8."""
    net = _Network(640)
    x = net.input([1, 640], form)
    for width in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = net.dense(x, width)
    return _finished(net, net.dense(x, 640, "NONE"), form)


def keyword_spotter(form: Form = "int8") -> bytes:
    """Build a depthwise-separable keyword spotter: 49 frames of 10 coefficients, 12 classes."""
    net = _Network(12)
    x = net.conv(net.input([1, 49, 10, 1], form), 64, (10, 4), stride=2)
    for _ in range(4):
        x = net.conv(net.depthwise(x, (3, 3)), 64, (1, 1))
    x = net.softmax(net.dense(net.average(x), 12, "NONE"))
    return _finished(net, x, form)


def residual(form: Form = "int8") -> bytes:
    """Build a small residual network: 32x32x3, three blocks, 10 classes."""
    net = _Network(32)
    x = net.conv(net.input([1, 32, 32, 3], form), 16, (3, 3))
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        y = net.conv(x, channels, (3, 3), stride)
        y = net.conv(y, channels, (3, 3), activation="NONE")
        if stride > 1:
            x = net.conv(x, channels, (1, 1), stride, activation="NONE")
        x = net.add(x, y)
    x = net.softmax(net.dense(net.average(x), 10, "NONE"))
    return _finished(net, x, form)


def micro_dense(form: Form = "int8") -> bytes:
    """Build one dense unit of one input."""
    net = _Network(1)
    return _finished(net, net.dense(net.input([1, 1], form), 1, "NONE"), form)


def micro_conv(form: Form = "int8") -> bytes:
    """Build one convolution of one channel and a kernel of 1."""
    net = _Network(2)
    return _finished(net, net.conv(net.input([1, 1, 1, 1], form), 1, (1, 1)), form)


def _finished(net: _Network, x: int, form: Form) -> bytes:
    b = net.builder
    y = net.output(x, form)
    b.signature({"features": b.graph.inputs[0]}, {"scores": y})
    return b.build(y)


ZOO: dict[str, Callable[[Form], bytes]] = {
    "azimuth-360": azimuth_360,
    "autoencoder": autoencoder,
    "keyword-spotter": keyword_spotter,
    "residual": residual,
    "micro-dense": micro_dense,
    "micro-conv": micro_conv,
}


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(ZOO[sys.argv[1]]("int8"))
