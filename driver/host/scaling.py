"""Requantisation with one multiplier for each channel.

Source: TensorFlow Lite, kernels/internal/common.h (MultiplyByQuantizedMultiplier, the double
rounding that both oracles' reference kernels are built with) and quantization_util.cc
(QuantizeMultiplier, QuantizeMultiplierSmallerThanOneExp).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..compiler.rounding import Multiplier, divide_by_power, multiply_high, quantise_multiplier
from .node import Int64Array, Node

_INT32_MAX = (1 << 31) - 1
#: Zero points are added in 32 bits: keep room for them.
_HEADROOM = 256


@dataclass(frozen=True, eq=False)
class Scaling:
    """value * 2^(left - right) / 2^31 for each channel, int64 [channels]."""

    value: Int64Array
    left: Int64Array
    right: Int64Array

    def __call__(self, sums: Int64Array) -> Int64Array:
        """Scale sums, int64 [..., channels]."""
        return divide_by_power(multiply_high(sums << self.left, self.value), self.right)


def scaling(node: Node, reals: Sequence[float], reach: Int64Array) -> Scaling:
    """Quantise real multipliers.

    Parameters
        reals : one for each channel
        reach : int64 [channels], the largest absolute value of each channel's sums
    Raises
        ModelError: sums that overflow 32 bits, which the runtimes do not define
    """
    return scaled_by(node, [quantise_multiplier(real) for real in reals], reach)


def scaled_by(node: Node, multipliers: Sequence[Multiplier], reach: Int64Array) -> Scaling:
    """Take multipliers as they are; see `scaling`."""
    value = np.array([m.value for m in multipliers], np.int64)
    left = np.array([m.left for m in multipliers], np.int64)
    right = np.array([m.right for m in multipliers], np.int64)
    highest = reach.astype(np.float64) * 2.0**left
    node.require(
        bool((highest <= _INT32_MAX - _HEADROOM).all()),
        f"sums reach {highest.max():.0f}, which does not fit 32 bits; convert with a "
        "representative dataset, or use smaller weights and biases",
    )
    return Scaling(value, left, right)
