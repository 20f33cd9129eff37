"""ADD in int8.

Sources: TensorFlow Lite, kernels/add.cc and kernels/internal/reference/integer_ops/add.h (Add,
BroadcastAdd4DSlow); tflite-micro, kernels/add_common.cc
"""

import numpy as np

from ..compiler import ModelError
from ..compiler.graph import Quantisation
from .node import Array, Int64Array, Kernel, Node
from .scaling import Scaling, scaling

#: Bits by which operands are shifted before they are scaled.
_SHIFT = 20
_LIMIT = np.array([(1 << 31) - 1 - 256], np.int64)


def add(node: Node) -> Kernel:
    """Prepare an ADD of two tensors, whose shapes may broadcast up to four axes."""
    node.count(2)
    first, second = node.inputs
    quantised = node.int8(first), node.int8(second)
    try:
        shape = np.broadcast_shapes(first.shape, second.shape)
    except ValueError as error:
        raise ModelError(
            f"{node.where}: shapes {list(first.shape)} and {list(second.shape)} do not broadcast; "
            "the file is damaged, convert the model again"
        ) from error
    node.shaped(shape)
    node.require(
        first.shape == second.shape or len(shape) <= 4,
        f"broadcasts over {len(shape)} axes, allowed is up to 4; reshape before it",
    )
    wanted, clamp = node.int8(node.output), node.clamp()
    twice = 2 * max(q.scale for q in quantised)
    last = twice / ((1 << _SHIFT) * wanted.scale)
    node.require(
        last < 1,
        f"input scale {twice / 2:g} to output scale {wanted.scale:g}, allowed is a factor below "
        f"{1 << (_SHIFT - 1)}; convert with a representative dataset",
    )
    operands = [scaling(node, [q.scale / twice], _LIMIT) for q in quantised]
    result = scaling(node, [last], _LIMIT)

    def run(a: Array, b: Array) -> Array:
        pairs = zip((a, b), quantised, operands, strict=True)
        terms = [_aligned(_term(x, q, scale), len(shape)) for x, q, scale in pairs]
        total = result(terms[0] + terms[1]) + wanted.zero_point
        return np.clip(total, *clamp).astype(np.int8)

    return run


def _term(x: Array, q: Quantisation, scale: Scaling) -> Int64Array:
    return scale((x.astype(np.int64) - q.zero_point) << _SHIFT)


def _aligned(x: Int64Array, rank: int) -> Int64Array:
    """Put the axes that broadcasting adds behind the frames."""
    return x.reshape(len(x), *(1,) * (rank + 1 - x.ndim), *x.shape[1:])
