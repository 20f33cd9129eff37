"""The separate bias of older exports: an ADD of a constant for each channel, as a 1x1 layer.

The runtimes round three times in an ADD, the accelerator once. So each channel's whole table of
256 values is computed as the runtimes do, and a weight, bias and rounding are searched that give
the same table; a channel without one is refused.

Source: TensorFlow Lite, kernels/add.cc and kernels/internal/reference/integer_ops/add.h
"""

import math

import numpy as np
import numpy.typing as npt

from ...arch.memory import Record, Rounding
from .errors import ModelError
from .graph import Layer, Offset
from .quantise import INT8, activation_range, prove, record
from .rounding import quantise_multiplier, requantise

#: Bits by which the runtimes shift int8 operands before they scale them.
_SHIFT = 20
_WEIGHTS = (1, *range(127, 63, -1))
_AROUND = (0, -1, 1, -2, 2)

Int64Array = npt.NDArray[np.int64]


def offset_layer(step: Offset, inputs: tuple[int, int], accumulator_bits: int) -> Layer:
    """Make a 1x1 layer of an offset.

    Parameters
        inputs : smallest and largest value of the input
    Raises
        ModelError: no record gives the same values
    """
    clamp = activation_range(step.activation, step.output)
    x = np.arange(inputs[0], inputs[1] + 1, dtype=np.int64)
    weights = np.zeros((step.source.channels,) * 2, np.int8)
    records = []
    for channel in range(step.source.channels):
        constant = int(step.constant[channel])
        found = _search(step, constant, x, clamp, accumulator_bits)
        if found is None:
            raise ModelError(
                f"{step.where}, channel {channel}: adding this constant rounds in a way that the "
                "accelerator cannot repeat; convert the model again with a current TensorFlow, "
                "which puts the bias into the layer before"
            )
        weights[channel, channel] = found[0]
        records.append(found[1])
    return Layer(
        name=step.name,
        where=step.where,
        source=step.source,
        result=step.source,
        weights=weights[:, None, :],
        records=tuple(records),
        stride=1,
        pad=0,
        pad_value=0,
        windows=1,
        step=1,
        zero_point=step.output.zero_point,
        act_min=clamp[0],
        act_max=clamp[1],
        macs=0,
    )


def added(step: Offset, constant: int, x: Int64Array, clamp: tuple[int, int]) -> Int64Array:
    """Compute the runtimes' ADD of `x` and a constant."""
    twice = 2 * max(step.input.scale, step.addend.scale)
    total = _scale((x - step.input.zero_point) << _SHIFT, step.input.scale / twice)
    other = np.array([constant - step.addend.zero_point], np.int64) << _SHIFT
    total = total + _scale(other, step.addend.scale / twice)
    out = _scale(total, twice / ((1 << _SHIFT) * step.output.scale)) + step.output.zero_point
    return np.clip(out, *clamp)


def _scale(x: Int64Array, real: float) -> Int64Array:
    """MultiplyByQuantizedMultiplierSmallerThanOneExp."""
    return requantise(x, quantise_multiplier(real), Rounding.DOUBLE)


def _search(
    step: Offset, constant: int, x: Int64Array, clamp: tuple[int, int], accumulator_bits: int
) -> tuple[int, Record] | None:
    """Find a weight and a record that give the runtimes' table, or None."""
    wanted = added(step, constant, x, clamp)
    slope = step.input.scale / step.output.scale
    shift = (constant - step.addend.zero_point) * step.addend.scale / step.input.scale
    for weight in _WEIGHTS:
        multiplier = quantise_multiplier(slope / weight)
        middle = math.floor((shift - step.input.zero_point) * weight + 0.5)
        for rounding in Rounding:
            for bias in (middle + around for around in _AROUND):
                got = requantise(x * weight + bias, multiplier, rounding)
                if np.array_equal(np.clip(got + step.output.zero_point, *clamp), wanted):
                    sums = (min(INT8[0] * weight, 0), INT8[1] * weight)
                    where = f"{step.where}, constant {constant}"
                    prove(where, bias, multiplier, sums, accumulator_bits)
                    return weight, record(bias, multiplier, rounding)
    return None
