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
            kernel = step.down.kernel * step.kernel
            inputs = 1 if step.depthwise else step.source.channels
            shape = (step.result.channels, kernel, inputs)
            _hold(step.weights.shape == shape, f"{step.where} has weights of another shape")
            _hold(len(step.bias) == step.result.channels, f"{step.where} has another bias")


def verify_layers(layers: Sequence[Layer]) -> None:
    """Check shapes, and that every output row has at least one row of input under it."""
    _hold(len(layers) > 0, "no layers")
    for before, after in pairwise(layers):
        _hold(before.result.size == after.source.size, f"{after.where} takes other values")
    for layer in layers:
        down = layer.down
        inputs = 1 if layer.depthwise else layer.source.channels
        shape = (layer.result.channels, down.kernel * layer.kernel, inputs)
        _hold(layer.weights.shape == shape, f"{layer.where} has weights of another shape")
        _hold(layer.weights.dtype == np.int8, f"{layer.where} has weights of another type")
        _hold(len(layer.records) == layer.result.channels, f"{layer.where} lacks records")
        first = layer.stride * layer.step * (layer.result.time - 1) - layer.pad
        _hold(first < layer.source.time, f"{layer.where} ends in padding only")
        last = down.line(layer.result.lines - 1)
        _hold(last < layer.source.lines, f"{layer.where} ends in padding only")
        _hold(down.pad < max(down.kernel, down.windows), f"{layer.where} starts in padding only")
        _hold(1 in (down.kernel, down.windows), f"{layer.where} pools lines under a kernel")
        _hold(1 in (layer.windows, down.windows), f"{layer.where} pools along both axes")
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
    for step in program.steps:
        _hold(
            [d.last for d in step.descriptors] == [0] * (len(step.descriptors) - 1) + [1],
            "no last layer",
        )
        _hold(step.descriptors[-1].more == (step.outputs is None), "a result is read in a run")
        for image in step.images:
            part, words = extents[image.space], len(image.data) // word_bytes(image.space, geometry)
            _hold(
                part.address <= image.address and image.address + words <= part.end,
                f"{image.space.name} is written outside the program's part",
            )
        for d in step.descriptors:
            _verify_descriptor(d, geometry, program)
    for entry, descriptors in zip(program.entries, program.descriptors, strict=True):
        _hold(
            min(d.source for d in descriptors[: program.layers[0].flattened().result.lines])
            == entry.input,
            "an entry's input is elsewhere",
        )
        _hold(
            descriptors[-program.layers[-1].flattened().result.lines].destination == entry.output,
            "an entry's output is elsewhere",
        )
        _hold([d.last for d in descriptors] == [0] * (len(descriptors) - 1) + [1], "no last layer")
        for d in descriptors:
            _verify_descriptor(d, geometry, program)
        _verify_places(descriptors, program)


def _verify_places(descriptors: Sequence[Descriptor], program: Program) -> None:
    """Check that each layer reads what the one before it wrote, and writes each word once."""
    read, begin = range(0), 0
    for each in program.layers:
        layer = each.flattened()
        lines = descriptors[begin : begin + layer.result.lines]
        begin += len(lines)
        low = min(d.source for d in lines)
        high = max(d.source_end + (d.lines - 1) * d.line_stride for d in lines)
        # Strides may leave out lines of an image.
        whole = layer.source.lines == 1
        written = not read or (read[0] <= low and high <= read[-1] + 1)
        _hold(
            written and (not read or not whole or (low, high) == (read[0], read[-1] + 1)),
            "a layer reads what the one before it did not write",
        )
        ends = [d.destination + d.groups * d.row_words for d in lines]
        _hold(
            [d.destination for d in lines[1:]] == ends[:-1], "lines of a layer do not lie in order"
        )
        read = range(lines[0].destination, ends[-1])
        _hold(high <= read[0] or read[-1] < low, "a layer overwrites its own input")
    _hold(begin == len(descriptors), "descriptors without a layer")


def _verify_descriptor(d: Descriptor, geometry: Geometry, program: Program) -> None:
    extents = program.extents
    channels = (d.tiles - 1) * geometry.columns + d.last_steps * geometry.requantise_lanes
    width = -(-channels // geometry.rows)
    end = d.destination + (d.groups - 1) * d.row_words + width
    part = extents[Space.ACTIVATION]
    _hold(part.address <= min(d.source, d.destination), "activations below their part")
    shift = (d.lines - 1) * d.line_stride
    _hold(max(d.source_end + shift, end) <= part.end, "activations past their part")
    weights, parameters = extents[Space.WEIGHT], extents[Space.PARAMETER]
    _hold(d.weights >= weights.address, "weights below their part")
    under = d.lines * d.reduction
    taken = d.tiles * under + (d.tiles - 1) * d.weight_gap
    _hold(d.weights + taken <= weights.end, "weights past their part")
    _hold(d.last_steps <= geometry.column_groups, "more steps than column groups")
    reached = d.origin + (d.groups - 1) * d.group_stride + (d.windows - 1) * d.window_stride
    reached += shift + (d.reduction - 1) * d.word_stride + 1
    reached += (d.tiles - 1) // geometry.tiles_per_word * d.tile_stride
    span = max(reached, d.source_end + shift) - min(d.origin, 0)
    _hold(span <= 1 << address_bits(geometry), "activation addresses wrap")
    for field in FIELDS:
        used = field._replace(bits=used_bits(field, geometry))
        _hold(used.low <= getattr(d, field.name) <= used.high, f"{field.name} is too large")
    count = (d.tiles - 1) * geometry.column_groups + d.last_steps
    _hold(d.parameters >= parameters.address, "parameters below their part")
    _hold(d.parameters + count <= parameters.end, "parameters past their part")
    channels = (d.tiles - 1) * geometry.columns + d.last_steps * geometry.requantise_lanes
    held = d.resume or d.hold
    _hold(not held or (d.tiles, d.windows) == (1, 1), "sums of several tiles are held")
    _hold(not held or d.groups <= geometry.positions, "sums of several groups are held")
    _hold(channels <= d.row_words * geometry.rows, "an output row is too narrow")
