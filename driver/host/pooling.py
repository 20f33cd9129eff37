"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN in int8.

Sources: TensorFlow Lite, kernels/internal/reference/integer_ops/pooling.h (AveragePool, MaxPool),
kernels/internal/reference/reduce.h (QuantizedMeanOrSum)
"""

import math

import numpy as np

from ..compiler.graph import Int8Array
from ..compiler.quantise import INT8
from ..compiler.rounding import Multiplier, quantise_multiplier
from .node import Array, Kernel, Node
from .scaling import scaled_by
from .windows import Windows, windows


def average_pool(node: Node) -> Kernel:
    """Prepare an AVERAGE_POOL_2D: the mean of what lies inside, halves away from zero."""
    layout, clamp = _layout(node)
    ones = np.ones((1, *node.inputs[0].shape[1:3], 1), np.int64)
    counts = layout.patches(ones, 0).sum(axis=(-2, -1))

    def run(x: Array) -> Array:
        frames = x.reshape(-1, *x.shape[2:]).astype(np.int64)
        sums = layout.patches(frames, 0).sum(axis=(-2, -1))
        means = np.sign(sums) * ((np.abs(sums) + counts // 2) // counts)
        return _clamped(means, clamp).reshape(len(x), *node.output.shape)

    return run


def max_pool(node: Node) -> Kernel:
    """Prepare a MAX_POOL_2D."""
    layout, clamp = _layout(node)

    def run(x: Array) -> Array:
        frames = x.reshape(-1, *x.shape[2:])
        highest = layout.patches(frames, -128).max(axis=(-2, -1))
        return _clamped(highest, clamp).reshape(len(x), *node.output.shape)

    return run


def mean(node: Node) -> Kernel:
    """Prepare a MEAN over any axes, as a global average leaves it."""
    node.count(2)
    source, over = node.inputs
    given, wanted = node.int8(source), node.int8(node.output)
    rank = len(source.shape)
    node.require(
        over.data is not None
        and over.dtype == "INT32"
        and all(-rank <= int(axis) < rank for axis in over.data.reshape(-1)),
        f"axes '{over.name}', allowed are INT32 constants from {-rank} to {rank - 1}; convert the "
        "model again",
    )
    assert over.data is not None
    axes = sorted({int(axis) % rank for axis in over.data.reshape(-1)})
    rest = [1 if i in axes else n for i, n in enumerate(source.shape)]
    if not node.operator.options["keep"]:
        rest = [n for i, n in enumerate(rest) if i not in axes]
    node.shaped(tuple(rest))
    count = math.prod(source.shape[i] for i in axes)
    # The division is part of the multiplier, which keeps as many bits as the count leaves it.
    whole = quantise_multiplier(given.scale / wanted.scale)
    spare = min(count.bit_length() - 1, 32, 31 + whole.shift)
    multiplier = Multiplier((whole.value << spare) // count, whole.shift - spare)
    furthest = max(127 - given.zero_point, 128 + given.zero_point)
    scale = scaled_by(node, [multiplier], np.array([furthest * count], np.int64))

    def run(x: Array, *_: Array) -> Array:
        centred = x.astype(np.int64) - given.zero_point
        sums = centred.sum(axis=tuple(1 + axis for axis in axes))
        values = scale(sums) + wanted.zero_point
        return _clamped(values, INT8).reshape(len(x), *node.output.shape)

    return run


def _clamped(values: Array, clamp: tuple[int, int]) -> Int8Array:
    return np.asarray(np.clip(values, *clamp), np.int8)


def _layout(node: Node) -> tuple[Windows, tuple[int, int]]:
    node.count(1)
    source = node.inputs[0]
    before, after = node.int8(source, 4), node.int8(node.output)
    # The runtimes copy integers: scales that differ would change the value in silence.
    node.require(
        before.zero_point == after.zero_point and abs(before.scale - after.scale) <= 1e-6,
        f"from scale {before.scale:g}, zero point {before.zero_point} to scale {after.scale:g}, "
        f"zero point {after.zero_point}, allowed is the same on both sides; convert the model "
        "again",
    )
    size = node.operator.options["window"]
    assert isinstance(size, tuple)
    layout = windows(node, (size[0], size[1]))
    node.shaped((source.shape[0], *layout.out, source.shape[3]))
    return layout, node.clamp()
