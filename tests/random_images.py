"""Random int8 models of images: kernels, strides, paddings and poolings of two axes."""

import numpy as np
from modelgen import Builder
from random_models import RandomModel


def random_image_model(seed: int, *, conv_bias: bool = False) -> RandomModel:
    """Draw convolutions, depthwise convolutions and poolings on an image, then a dense layer.

    Parameters
        conv_bias : give every convolution a bias (ai-edge-litert runs none without)
    """
    rng = np.random.default_rng(seed)
    b = Builder()

    def integer(low: int, high: int) -> int:
        return int(rng.integers(low, high + 1))

    def pair(low: int, high: tuple[int, int]) -> tuple[int, int]:
        return integer(low, high[0]), integer(low, high[1])

    def quantisation(
        terms: int, weights: np.ndarray, x: int, channels: int
    ) -> tuple[list[float], tuple[float, int]]:
        """Scales of weights and output under which the output spreads over int8."""
        spread = np.sqrt(terms) * max(1.0, float(weights.std())) * 60
        ratio = float(rng.choice([5, 40, 60, 120])) / spread
        out = 2.0 ** rng.uniform(-7, -2)
        per = channels if channels > 1 and rng.random() < 0.6 else 1
        scales = ratio * out / b.scale(x) * 2.0 ** rng.uniform(-1, 0, per)
        return [float(np.float32(s)) for s in scales], (float(np.float32(out)), integer(-128, 127))

    shape = (*pair(1, (11, 11)), integer(1, 20))
    x = b.input([1, *shape], float(np.float32(2.0 ** rng.uniform(-7, -2))), integer(-128, 127))
    text = ["x".join(map(str, shape))]
    for _ in range(integer(1, 3)):
        _, height, width, channels = b.shape(x)
        same = bool(rng.random() < 0.5)
        kernel = pair(1, (5, 5)) if same else pair(1, (min(5, height), min(5, width)))
        stride = pair(1, (3, 3)) if rng.random() < 0.5 else (1, 1)
        activation = str(rng.choice(["NONE", "RELU", "RELU6"]))
        kind = str(rng.choice(["conv", "conv", "depthwise", "pool"]))
        if kind == "pool":
            x = b.pool(x, kernel, stride, same=same)
        else:
            wide = kind == "depthwise"
            out = channels if wide else integer(1, 20)
            size = (1, *kernel, out) if wide else (out, *kernel, channels)
            limit = integer(1, 127)
            weights = rng.integers(-limit, limit + 1, size).astype(np.int8)
            terms = kernel[0] * kernel[1] * (1 if wide else channels)
            scales, q = quantisation(terms, weights, x, out)
            bias = None
            if conv_bias or rng.random() < 0.7:
                bias = rng.integers(-(1 << 12), 1 << 12, out).astype(np.int32)
            make = b.depthwise if wide else b.conv
            x = make(x, weights, bias, scales, q, stride=stride, same=same, activation=activation)
        text.append(f"{kind}{kernel[0]}x{kernel[1]}/{stride}{'s' if same else 'v'}")
    if rng.random() < 0.5:
        size = int(np.prod(b.shape(x)))
        weights = rng.integers(-127, 128, (integer(1, 12), size)).astype(np.int8)
        scales, q = quantisation(size, weights, x, 1)
        x = b.dense(b.reshape(x, [1, size]), weights, None, scales, q)
        text.append("dense")
    return RandomModel(b.build(x), shape, " ".join(text))
