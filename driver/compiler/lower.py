"""From layers to words: descriptors, weights, parameters and places in the activation buffer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ...arch.descriptor import FIELDS, WORDS, Descriptor
from ...arch.geometry import Geometry
from ...arch.memory import RECORD_BYTES, Record, Rounding, Space, depth, word_bytes
from .errors import ModelError, RoomError
from .graph import Layer, Shape
from .program import Entry, Extent

_LIMITS = {field.name: (field.low, field.high) for field in FIELDS}
_EMPTY = Record(0, 0, Rounding.DOUBLE, 0, 0)


@dataclass(frozen=True)
class Lowered:
    """Words of one model, from address 0 of each memory."""

    descriptors: tuple[tuple[Descriptor, ...], ...]
    entries: tuple[Entry, ...]
    weights: bytes
    parameters: bytes
    extents: dict[Space, Extent]


@dataclass(frozen=True)
class Buffers:
    """First activation words: inputs and outputs of each entry, and the tensors between layers."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    between: tuple[int, ...]
    words: int


def row_words(shape: Shape, geometry: Geometry) -> int:
    """Activation words of one row of a tensor."""
    return -(-shape.channels // geometry.rows)


def words(shape: Shape, geometry: Geometry) -> int:
    """Activation words of a tensor."""
    return shape.rows * row_words(shape, geometry)


def program_words(layers: Sequence[Layer], entries: int = 2) -> int:
    """Count the program words of `entries` copies of the layers: a descriptor an output line."""
    return entries * sum(layer.flattened().result.lines for layer in layers) * WORDS


def place_activations(layers: Sequence[Layer], geometry: Geometry, entries: int = 2) -> Buffers:
    """Give each tensor its words.

    A tensor lives from the layer that writes it to the one that reads it, so neighbours share one
    region: one of them starts at its beginning, the other one ends at its end.
    """
    source, result = words(layers[0].source, geometry), words(layers[-1].result, geometry)
    base = entries * (source + result)
    sizes = [words(layer.result, geometry) for layer in layers[:-1]]
    pairs = [a + b for a, b in pairwise(sizes)]
    shared = max(pairs or sizes or [0])
    between = tuple(base if i % 2 == 0 else base + shared - size for i, size in enumerate(sizes))
    return Buffers(
        tuple(entry * source for entry in range(entries)),
        tuple(entries * source + entry * result for entry in range(entries)),
        between,
        base + shared,
    )


def lower(layers: tuple[Layer, ...], geometry: Geometry) -> Lowered:
    """Encode layers for one geometry, with two entries or, where they do not fit, with one.

    Raises
        RoomError: a memory that is too small
        ModelError: a layer that the descriptor cannot hold, or a reshape that would move values
            in memory
    """
    check_shapes(layers, geometry)
    weights = [weight_words(layer, geometry) for layer in layers]
    records = [record_words(layer, geometry) for layer in layers]

    def extents(entries: int) -> dict[Space, Extent]:
        sizes = {Space.WEIGHT: sum(map(len, weights)), Space.PARAMETER: sum(map(len, records))}
        return {
            Space.ACTIVATION: Extent(0, place_activations(layers, geometry, entries).words),
            **{s: Extent(0, size // word_bytes(s, geometry)) for s, size in sizes.items()},
            Space.PROGRAM: Extent(0, program_words(layers, entries)),
        }

    entries = next((n for n in (2, 1) if _fits(extents(n), geometry)), 1)
    needed = {space: extent.words for space, extent in extents(entries).items()}
    check_room(needed, geometry, "the model")
    buffers = place_activations(layers, geometry, entries)
    programs, starts = [], []
    for entry in range(entries):
        places = (buffers.inputs[entry], *buffers.between, buffers.outputs[entry])
        weight = parameter = 0
        descriptors: list[Descriptor] = []
        for i, layer in enumerate(layers):
            descriptors += lines(layer, geometry, (places[i], places[i + 1]), (weight, parameter))
            weight += len(weights[i]) // word_bytes(Space.WEIGHT, geometry)
            parameter += len(records[i]) // word_bytes(Space.PARAMETER, geometry)
        descriptors[-1] = replace(descriptors[-1], last=1)
        programs.append(tuple(descriptors))
        starts.append(
            Entry(entry * program_words(layers, 1), buffers.inputs[entry], buffers.outputs[entry])
        )
    return Lowered(
        tuple(programs), tuple(starts), b"".join(weights), b"".join(records), extents(entries)
    )


def everything(geometry: Geometry) -> Lowered:
    """Take all of each memory, for a model that is streamed through them."""
    extents = {space: Extent(0, depth(space, geometry)) for space in Space}
    return Lowered((), (), b"", b"", extents)


def _fits(extents: dict[Space, Extent], geometry: Geometry) -> bool:
    return all(extent.words <= depth(space, geometry) for space, extent in extents.items())


def check_room(need: dict[Space, int], geometry: Geometry, what: str) -> None:
    """Refuse what does not fit the memories, naming all of those that are too small.

    Raises
        RoomError: needed and present words of each memory, and the geometry that would hold it
    """
    short = {s: n for s, n in need.items() if n > depth(s, geometry)}
    if not short:
        return
    sizes = "; ".join(
        f"{s.name.lower()} memory: need {n} words ({n * word_bytes(s, geometry)} bytes), have "
        f"{depth(s, geometry)} ({depth(s, geometry) * word_bytes(s, geometry)} bytes)"
        for s, n in short.items()
    )
    options = ",".join(f"{s.name.lower()}_words={n}" for s, n in short.items())
    raise RoomError(
        f"{what} does not fit geometry {geometry.name}: {sizes}; use a geometry with {options}, or "
        "a smaller model"
    )


def check_shapes(layers: Sequence[Layer], geometry: Geometry) -> None:
    """Refuse a reshape between layers that cuts rows elsewhere than in whole words."""
    for before, after in pairwise(layers):
        a, b = before.result, after.source
        if a.flat != b.flat and (a.channels % geometry.rows or b.channels % geometry.rows):
            raise ModelError(
                f"{after.where}: reads {before.where}'s {a} values (time x channels) as {b}, which "
                f"needs channels in multiples of {geometry.rows} (rows of geometry "
                f"{geometry.name}) on both sides; reshape only before a dense layer, or choose a "
                "geometry whose rows divide both"
            )


def _position_words(layer: Layer, geometry: Geometry) -> int:
    """Activation words under one row of the kernel."""
    return 1 if layer.depthwise else row_words(layer.source, geometry)


def weight_words(layer: Layer, geometry: Geometry) -> bytes:
    """Order weights [tile][reduction word][column][row], with zeros in padded lanes."""
    rows, columns = geometry.rows, geometry.columns
    channels, kernel = layer.weights.shape[:2]
    wide = _position_words(layer, geometry) * rows
    tiles = -(-channels // columns)
    padded = np.zeros((tiles * columns, kernel, wide), np.int8)
    if layer.depthwise:
        channel = np.arange(channels)
        padded[channel, :, channel % rows] = layer.weights[:, :, 0]
    else:
        padded[:channels, :, : layer.source.channels] = layer.weights
    ordered = padded.reshape(tiles, columns, kernel * wide // rows, rows)
    return ordered.transpose(0, 2, 1, 3).tobytes()


def trimmed(layer: Layer, line: int) -> tuple[int, int]:
    """Lines of the kernel above the image for an output line, and those inside it."""
    if layer.down.windows > 1:
        return 0, layer.down.kernel
    first = layer.down.line(line)
    above = max(0, -first)
    return above, min(layer.down.kernel, layer.source.lines - first) - above


def record_sets(layer: Layer) -> list[tuple[int, int]]:
    """List the different `trimmed` of a layer: each has records of its own."""
    return list(dict.fromkeys(trimmed(layer, line) for line in range(layer.result.lines)))


def _records(layer: Layer, part: tuple[int, int]) -> list[Record]:
    """Give each channel the bias for the lines of the kernel that are inside the image.

    What the padding would add, the input's zero point times the weights there, is in the bias of
    the whole kernel already.
    """
    above, inside = part
    weights = layer.weights.reshape(len(layer.weights), layer.down.kernel, -1).astype(np.int64)
    left_out = weights.sum(axis=(1, 2)) - weights[:, above : above + inside].sum(axis=(1, 2))
    biases = layer.pad_value * left_out
    return [
        record._replace(bias=record.bias + int(extra))
        for record, extra in zip(layer.records, biases, strict=True)
    ]


def _set_words(layer: Layer, geometry: Geometry) -> int:
    """Parameter words of one set of records."""
    return -(-layer.result.channels // geometry.requantise_lanes)


def record_words(layer: Layer, geometry: Geometry) -> bytes:
    """Pack the records, set by set; lanes past the last channel get empty ones."""
    layer = layer.flattened()
    spare = (_EMPTY,) * (-layer.result.channels % geometry.requantise_lanes)
    packed = b"".join(
        record.pack() for part in record_sets(layer) for record in (*_records(layer, part), *spare)
    )
    assert len(packed) % (RECORD_BYTES * geometry.requantise_lanes) == 0
    return packed


def lines(
    layer: Layer, geometry: Geometry, places: tuple[int, int], memory: tuple[int, int]
) -> list[Descriptor]:
    """Encode a layer: a descriptor for each line of its output.

    Parameters
        places : first activation word of source and result
        memory : first word of its weights and records
    Raises
        ModelError: a value that the descriptor cannot hold
    """
    layer = layer.flattened()
    width = row_words(layer.result, geometry)
    return [encode(layer, values) for values in loops(layer, geometry, places, memory, width)]


def encode(layer: Layer, values: dict[str, int]) -> Descriptor:
    """Make a descriptor.

    Raises
        ModelError: a value that it cannot hold
    """
    for name, value in values.items():
        if not _LIMITS[name][0] <= value <= _LIMITS[name][1]:
            raise ModelError(
                f"{layer.where}: {name} is {value}, allowed is {_LIMITS[name][0]} to "
                f"{_LIMITS[name][1]}; use a smaller layer, or a geometry with more rows and "
                "columns"
            )
    return Descriptor(**values)


def loops(
    layer: Layer,
    geometry: Geometry,
    places: tuple[int, int],
    memory: tuple[int, int],
    result_width: int,
) -> list[dict[str, int]]:
    """List the fields of a flattened layer's descriptors, one for each line of its output.

    Parameters
        places, memory : as for `lines`, but they may lie outside the memories
        result_width : activation words of one output row
    """
    source, destination = places
    down, width = layer.down, row_words(layer.source, geometry)
    line_words = layer.source.time * width
    channels, columns = layer.result.channels, geometry.columns
    tiles = -(-channels // columns)
    in_last = channels - (tiles - 1) * columns
    under = layer.kernel * _position_words(layer, geometry)
    pooled = down.windows > 1
    along = layer.stride * width if layer.windows > 1 else 0
    sets = record_sets(layer)
    found = []
    for line in range(layer.result.lines):
        first = down.line(line)
        # Lines of the padding are left out, with their weights, but not under a maximum.
        skipped, left = trimmed(layer, line)
        records = sets.index((skipped, left)) * _set_words(layer, geometry)
        top = source + (first + skipped) * line_words
        begin, end = (0, layer.source.lines) if pooled else (first + skipped, first + skipped + 1)
        values = {
            "source": source + begin * line_words,
            "source_end": source + end * line_words,
            "origin": top - layer.pad * width,
            "group_stride": layer.stride * layer.step * width if layer.result.time > 1 else 0,
            "window_stride": down.stride * line_words if pooled else along,
            "reduction": under,
            "groups": layer.result.time,
            "tiles": tiles,
            "weights": memory[0] + skipped * under,
            "parameters": memory[1] + records,
            "destination": destination + line * layer.result.time * result_width,
            "row_words": result_width,
            "pad": layer.pad_value,
            "zero_point": layer.zero_point,
            "act_min": layer.act_min,
            "act_max": layer.act_max,
            "windows": layer.windows * down.windows,
            "last_steps": -(-in_last // geometry.requantise_lanes),
            "lines": left,
            "line_stride": line_words if left > 1 else 0,
            "weight_gap": (down.kernel - left) * under,
            "word_stride": width if layer.depthwise else 1,
            "tile_stride": int(layer.depthwise),
        }
        found.append(values)
    return found
