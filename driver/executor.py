"""Run a plan: accelerator parts on a device, the operators in between on the host."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..arch.packet import Counters
from .compiler.graph import NUMPY, Tensor
from .device import Device
from .plan import AcceleratorPart, Plan

Array = npt.NDArray[Any]


class Outcome(NamedTuple):
    """What a run gives."""

    #: Each tensor that is not inside a part: [frames, *its shape], constants with one frame.
    tensors: dict[int, Array]
    #: Of each accelerator part, and in it of each frame.
    counters: tuple[tuple[Counters, ...], ...]


def execute(plan: Plan, device: Device, inputs: Mapping[int, Array]) -> Outcome:
    """Run a plan on many frames.

    Parameters
        device : the plan's programs are loaded onto it where they are not yet
        inputs : each input tensor's values, [frames, *its shape]
    Raises
        DriverError: no result from the device
        ValueError: another type or shape of an input, or values that cannot be quantised
    """
    tensors: dict[int, Array] = {
        t.index: np.asarray(t.data)[None]
        for t in plan.graph.tensors
        if t.data is not None and t.dtype in NUMPY
    }
    frames = len(next(iter(inputs.values()))) if inputs else 1
    for tensor in plan.inputs:
        tensors[tensor.index] = _checked(tensor, inputs[tensor.index], frames)
    counters: list[tuple[Counters, ...]] = []
    for part in plan.parts:
        if isinstance(part, AcceleratorPart):
            program = part.program
            values = tensors[part.source].reshape(-1, *program.input.shape[1:])
            found = device.run(program, values)
            shape = plan.graph.tensors[part.result].shape
            tensors[part.result] = program.finish(found.logits).reshape(-1, *shape)
            counters.append(found.counters)
        else:
            operands = [tensors[i] for i in part.operator.inputs if i >= 0]
            tensors[part.operator.outputs[0]] = part.kernel(*operands)
    return Outcome(tensors, tuple(counters))


def _checked(tensor: Tensor, values: Array, frames: int) -> Array:
    values = np.asarray(values)
    dtype = NUMPY[tensor.dtype]
    if values.dtype != dtype or values.shape != (frames, *tensor.shape):
        raise ValueError(
            f"input '{tensor.name}': got {values.dtype} {list(values.shape)}, expected {dtype} "
            f"{[frames, *tensor.shape]}"
        )
    return values
