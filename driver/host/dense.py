"""FULLY_CONNECTED in int8.

Sources: tflite-micro, kernels/fully_connected_common.cc with TensorFlow Lite's
kernels/internal/reference/integer_ops/fully_connected.h (FullyConnected,
FullyConnectedPerChannel); LiteRT's overloads of the latter, which scale in double precision: see
compiler.fit.
"""

import numpy as np

from ..compiler.fit import round_away
from ..compiler.quantise import check_bias, real_multipliers
from ..compiler.steps import dense as step
from .node import Array, Kernel, Node
from .scaling import scaling

_INT32_MAX = (1 << 31) - 1


def dense(node: Node) -> Kernel:
    """Prepare a FULLY_CONNECTED."""
    node.count(2, 3)
    source = node.inputs[0]
    given, wanted = node.int8(source), node.int8(node.output)
    layer = step(node.operator, node.where, node.inputs, node.output)
    check_bias(layer)
    clamp = node.clamp()
    weights = layer.weights.reshape(len(layer.weights), -1)
    reals = np.array(real_multipliers(layer))
    furthest = max(127 - given.zero_point, 128 + given.zero_point)
    reach = np.abs(weights.astype(np.int64)).sum(axis=1) * furthest + np.abs(layer.bias)
    matrix = weights.T.astype(np.float64)
    if node.oracle == "litert":
        node.require(
            bool((np.maximum(reach, reach * reals) < _INT32_MAX).all()),
            "sums do not fit 32 bits; convert with a representative dataset, or use smaller "
            "weights and biases",
        )
    scale = scaling(node, list(reals), reach) if node.oracle == "tflm" else None
    shape = node.output.shape

    def run(x: Array, *_: Array) -> Array:
        rows = x.reshape(-1, weights.shape[1]).astype(np.float64) - given.zero_point
        # Sums of integers are exact in float64.
        sums = rows @ matrix + layer.bias
        scaled = round_away(sums * reals) if scale is None else scale(sums.astype(np.int64))
        out = np.clip(scaled + wanted.zero_point, *clamp).astype(np.int8)
        return out.reshape(len(x), *shape)

    return run
