"""Random int8 models: shapes, zero points, scales and values that a converter would not choose."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from modelgen import Builder


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
