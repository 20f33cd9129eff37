"""AVERAGE_POOL_2D and MAX_POOL_2D in int8.

Source: TensorFlow Lite, kernels/internal/reference/integer_ops/pooling.h (AveragePool, MaxPool)
"""

import numpy as np

from ..compiler.graph import Int8Array
from .node import Array, Kernel, Node
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
