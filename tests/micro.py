"""A network of less than a kilobyte with every operator that the azimuth network has."""

import modelgen
import numpy as np


def micro_model(seed: int = 0) -> bytes:
    """Make a network of 8 x 3 inputs and 4 classes: convolutions, max pooling, dense, softmax."""
    builder, rng = modelgen.Builder(), np.random.default_rng(seed)

    def weights(*size: int) -> np.ndarray:
        return np.clip(rng.normal(0, 60, size).round(), -127, 127).astype(np.int8)

    def bias(size: int) -> np.ndarray:
        return rng.normal(0, 2000, size).round().astype(np.int32)

    def scales(size: int) -> list[float]:
        return [float(s) for s in rng.uniform(0.001, 0.004, size).astype(np.float32)]

    x = builder.input([1, 8, 3], 1 / 128, 3)
    x = builder.reshape(x, [1, 1, 8, 3])
    x = builder.conv(x, weights(8, 1, 3, 3), bias(8), scales(8), (0.03, -128), activation="RELU")
    x = builder.conv(x, weights(6, 1, 3, 8), bias(6), scales(6), (0.05, -128), activation="RELU")
    x = builder.pool(x, (1, 2), 2)
    flat = int(np.prod(builder.shape(x)))
    x = builder.reshape(x, [1, flat])
    x = builder.dense(x, weights(10, flat), bias(10), scales(10), (0.06, -128), activation="RELU")
    x = builder.dense(x, weights(4, 10), bias(4), 0.002, (0.04, 11))
    return builder.build(builder.tail("SOFTMAX", x))


def dense_model(sources: int, units: int) -> bytes:
    """Build one dense layer."""
    b, rng = modelgen.Builder(), np.random.default_rng(0)
    weights = rng.integers(-90, 90, (units, sources)).astype(np.int8)
    bias = rng.integers(-99, 99, units).astype(np.int32)
    y = b.dense(b.input([1, sources], 0.05, 3), weights, bias, 0.3 / sources, (0.1, 3))
    return b.build(y)
