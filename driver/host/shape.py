"""RESHAPE, EXPAND_DIMS, SQUEEZE and PAD.

Sources: TensorFlow Lite, kernels/reshape.cc, kernels/pad.cc and
kernels/internal/reference/pad.h; tflite-micro, kernels/pad_common.cc
"""

import math

import numpy as np

from ..compiler.graph import NUMPY
from ..compiler.shapes import check_reshape
from .node import Array, Kernel, Node

_AXES = 4


def rename(node: Node) -> Kernel:
    """Prepare an operator that changes the shape alone, of any type."""
    node.count(1, 2)
    source, result = node.inputs[0], node.output
    node.require(
        source.dtype == result.dtype and source.dtype in NUMPY,
        f"from {source.dtype} to {result.dtype}, allowed is the same on both sides, one of "
        f"{', '.join(NUMPY)}; convert the model again",
    )
    node.require(
        math.prod(source.shape) == math.prod(result.shape),
        f"{list(source.shape)} to {list(result.shape)} changes the number of values; convert the "
        "model again",
    )
    node.require(
        source.quantisation == result.quantisation,
        "changes scale or zero point, allowed is the same on both sides; convert the model again",
    )
    check_reshape(node.graph, node.operator)

    def run(x: Array, *_: Array) -> Array:
        return x.reshape(len(x), *result.shape)

    return run


def pad(node: Node) -> Kernel:
    """Prepare a PAD with constant amounts: the zero point around int8, 0 around float32."""
    node.count(2)
    source, amounts = node.inputs
    result = node.output
    rank = len(source.shape)
    data = None if amounts.data is None else amounts.data.astype(np.int64)
    node.require(
        data is not None and amounts.shape == (rank, 2) and bool((data >= 0).all()),
        f"paddings '{amounts.name}' of shape {list(amounts.shape)}, allowed is a constant of "
        f"[{rank}, 2] without negative values; convert the model again",
    )
    node.require(rank <= _AXES, f"{rank} axes, allowed is up to {_AXES}; reshape before it")
    assert data is not None
    around = [(int(before), int(after)) for before, after in data]
    node.shaped(tuple(n + a + b for n, (a, b) in zip(source.shape, around, strict=True)))
    fill = 0
    if not (source.dtype == result.dtype == "FLOAT32"):
        before, after = node.int8(source), node.int8(result)
        # The runtimes copy integers: scales that differ would change the value in silence.
        node.require(
            before == after,
            f"from scale {before.scale:g}, zero point {before.zero_point} to scale "
            f"{after.scale:g}, zero point {after.zero_point}, allowed is the same on both sides; "
            "convert the model again",
        )
        fill = after.zero_point

    def run(x: Array, *_: Array) -> Array:
        return np.pad(x, [(0, 0), *around], constant_values=fill)

    return run
