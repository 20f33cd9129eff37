"""Invariants between the passes: a broken one is a defect of the compiler, and stops it.

They are cheap next to the passes, so they always run.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ...arch.descriptor import FIELDS, Descriptor, address_bits, used_bits
from ...arch.geometry import Geometry
from ...arch.memory import Space, depth, word_bytes
from .errors import InternalError
from .graph import Chain, Layer, Linear
from .program import Program


def _hold(condition: bool, what: str) -> None:
    if not condition:
        raise InternalError(f"compiler: {what}; please report it with the model")


def verify_chain(chain: Chain) -> None:
    """Check that each step takes the values that the one before it makes."""
    for before, after in zip(chain.steps, chain.steps[1:], strict=False):
        _hold(before.result.size == after.source.size, f"{after.where} takes other values")
    for step in chain.steps:
        if isinstance(step, Linear):
            shape = (step.result.channels, step.kernel, step.source.channels)
            _hold(step.weights.shape == shape, f"{step.where} has weights of another shape")
            _hold(len(step.bias) == step.result.channels, f"{step.where} has another bias")


def verify_layers(layers: Sequence[Layer]) -> None:
    """Check shapes, and that every output row has at least one row of input under it."""
    _hold(len(layers) > 0, "no layers")
    for before, after in pairwise(layers):
        _hold(before.result.size == after.source.size, f"{after.where} takes other values")
    for layer in layers:
        shape = (layer.result.channels, layer.kernel, layer.source.channels)
        _hold(layer.weights.shape == shape, f"{layer.where} has weights of another shape")
        _hold(layer.weights.dtype == np.int8, f"{layer.where} has weights of another type")
        _hold(len(layer.records) == layer.result.channels, f"{layer.where} lacks records")
        first = layer.stride * layer.step * (layer.result.time - 1) - layer.pad
        _hold(first < layer.source.time, f"{layer.where} ends in padding only")
        _hold(-128 <= layer.act_min <= layer.act_max <= 127, f"{layer.where} has an empty clamp")


def verify_program(program: Program) -> None:
    """Check that every word read or written is inside the program's part of its memory."""
    geometry, extents = program.geometry, program.extents
    for space, extent in extents.items():
        _hold(extent.address >= 0, f"{space.name} starts below 0")
        _hold(extent.end <= depth(space, geometry), f"{space.name} is overrun")
    for image in program.images:
        whole, rest = divmod(len(image.data), word_bytes(image.space, geometry))
        _hold(rest == 0, f"{image.space.name} has part of a word")
        _hold(whole == extents[image.space].words, f"{image.space.name} has another size")
    for entry, descriptors in zip(program.entries, program.descriptors, strict=True):
        _hold(descriptors[0].source == entry.input, "an entry's input is elsewhere")
        _hold(descriptors[-1].destination == entry.output, "an entry's output is elsewhere")
        _hold([d.last for d in descriptors] == [0] * (len(descriptors) - 1) + [1], "no last layer")
        for d in descriptors:
            _verify_descriptor(d, geometry, program)
        for before, after in pairwise(descriptors):
            end = before.destination + before.groups * before.row_words
            _hold(
                (before.destination, end) == (after.source, after.source_end),
                "a layer reads what the one before it did not write",
            )


def _verify_descriptor(d: Descriptor, geometry: Geometry, program: Program) -> None:
    extents = program.extents
    end = d.destination + d.groups * d.row_words
    part = extents[Space.ACTIVATION]
    _hold(part.address <= min(d.source, d.destination), "activations below their part")
    _hold(max(d.source_end, end) <= part.end, "activations past their part")
    _hold(d.source_end <= d.destination or end <= d.source, "a layer overwrites its own input")
    weights, parameters = extents[Space.WEIGHT], extents[Space.PARAMETER]
    _hold(d.weights >= weights.address, "weights below their part")
    _hold(d.weights + d.tiles * d.reduction <= weights.end, "weights past their part")
    _hold(d.last_steps <= geometry.column_groups, "more steps than column groups")
    reached = d.origin + (d.groups - 1) * d.group_stride + (d.windows - 1) * d.window_stride
    span = max(reached + d.reduction, d.source_end) - min(d.origin, 0)
    _hold(span <= 1 << address_bits(geometry), "activation addresses wrap")
    for field in FIELDS:
        used = field._replace(bits=used_bits(field, geometry))
        _hold(used.low <= getattr(d, field.name) <= used.high, f"{field.name} is too large")
    count = (d.tiles - 1) * geometry.column_groups + d.last_steps
    _hold(d.parameters >= parameters.address, "parameters below their part")
    _hold(d.parameters + count <= parameters.end, "parameters past their part")
    channels = (d.tiles - 1) * geometry.columns + d.last_steps * geometry.requantise_lanes
    _hold(channels <= d.row_words * geometry.rows, "an output row is too narrow")
