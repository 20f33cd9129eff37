"""From layers to words: descriptors, weights, parameters and places in the activation buffer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...arch.descriptor import FIELDS, Descriptor
from ...arch.geometry import Geometry
from ...arch.memory import RECORD_BYTES, Record, Rounding, Space, depth, word_bytes
from .errors import ModelError
from .graph import Layer, Shape
from .program import Entry, Extent, program_words

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
    """First activation words: two inputs, two outputs, and one tensor between each two layers."""

    inputs: tuple[int, int]
    outputs: tuple[int, int]
    between: tuple[int, ...]
    words: int


def row_words(shape: Shape, geometry: Geometry) -> int:
    """Activation words of one row of a tensor."""
    return -(-shape.channels // geometry.rows)


def words(shape: Shape, geometry: Geometry) -> int:
    """Activation words of a tensor."""
    return shape.time * row_words(shape, geometry)


def place_activations(layers: Sequence[Layer], geometry: Geometry) -> Buffers:
    """Give each tensor its words.

    A tensor lives from the layer that writes it to the one that reads it, so neighbours share one
    region: one of them starts at its beginning, the other one ends at its end.
    """
    source, result = words(layers[0].source, geometry), words(layers[-1].result, geometry)
    base = 2 * (source + result)
    sizes = [words(layer.result, geometry) for layer in layers[:-1]]
    pairs = [a + b for a, b in pairwise(sizes)]
    shared = max(pairs or sizes or [0])
    between = tuple(base if i % 2 == 0 else base + shared - size for i, size in enumerate(sizes))
    return Buffers((0, source), (2 * source, 2 * source + result), between, base + shared)


def lower(layers: tuple[Layer, ...], geometry: Geometry) -> Lowered:
    """Encode layers for one geometry.

    Raises
        ModelError: a memory that is too small, a layer that the descriptor cannot hold, or a
            reshape that would move values in memory
    """
    _check_shapes(layers, geometry)
    buffers = place_activations(layers, geometry)
    tiles = [-(-layer.result.channels // geometry.columns) for layer in layers]
    weights = [_weight_words(layer, geometry) for layer in layers]
    records = [_parameter_words(layer, geometry) for layer in layers]
    extents = {
        Space.ACTIVATION: Extent(0, buffers.words),
        Space.WEIGHT: Extent(0, sum(map(len, weights)) // word_bytes(Space.WEIGHT, geometry)),
        Space.PARAMETER: Extent(0, sum(map(len, records)) // word_bytes(Space.PARAMETER, geometry)),
        Space.PROGRAM: Extent(0, program_words(layers)),
    }
    check_room({space: extent.words for space, extent in extents.items()}, geometry, "the model")
    programs, entries = [], []
    for slot in range(2):
        places = (buffers.inputs[slot], *buffers.between, buffers.outputs[slot])
        weight = parameter = 0
        descriptors = []
        for i, layer in enumerate(layers):
            descriptors.append(
                _descriptor(
                    layer,
                    geometry,
                    (places[i], places[i + 1]),
                    (weight, parameter),
                    last=i + 1 == len(layers),
                )
            )
            weight += tiles[i] * _reduction(layer, geometry)
            parameter += len(records[i]) // word_bytes(Space.PARAMETER, geometry)
        programs.append(tuple(descriptors))
        entries.append(
            Entry(slot * program_words(layers, 1), buffers.inputs[slot], buffers.outputs[slot])
        )
    return Lowered(tuple(programs), tuple(entries), b"".join(weights), b"".join(records), extents)


def check_room(need: dict[Space, int], geometry: Geometry, what: str) -> None:
    """Refuse what does not fit the memories, naming all of those that are too small.

    Raises
        ModelError: needed and present words of each memory, and the geometry that would hold it
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
    raise ModelError(
        f"{what} does not fit geometry {geometry.name}: {sizes}; use a geometry with {options}, or "
        "a smaller model"
    )


def _check_shapes(layers: Sequence[Layer], geometry: Geometry) -> None:
    """Refuse a reshape between layers that cuts rows elsewhere than in whole words."""
    for before, after in pairwise(layers):
        a, b = before.result, after.source
        if a != b and (a.channels % geometry.rows or b.channels % geometry.rows):
            raise ModelError(
                f"{after.where}: reads {before.where}'s {a} values (time x channels) as {b}, which "
                f"needs channels in multiples of {geometry.rows} (rows of geometry "
                f"{geometry.name}) on both sides; reshape only before a dense layer, or choose a "
                "geometry whose rows divide both"
            )


def _reduction(layer: Layer, geometry: Geometry) -> int:
    return layer.kernel * row_words(layer.source, geometry)


def _weight_words(layer: Layer, geometry: Geometry) -> bytes:
    """Order weights [tile][reduction word][column][row], with zeros in padded lanes."""
    rows, columns = geometry.rows, geometry.columns
    wide = row_words(layer.source, geometry) * rows
    tiles = -(-layer.result.channels // columns)
    padded = np.zeros((tiles * columns, layer.kernel, wide), np.int8)
    padded[: layer.result.channels, :, : layer.source.channels] = layer.weights
    ordered = padded.reshape(tiles, columns, _reduction(layer, geometry), rows)
    return ordered.transpose(0, 2, 1, 3).tobytes()


def _parameter_words(layer: Layer, geometry: Geometry) -> bytes:
    """Pack the records; lanes past the last channel get empty ones."""
    spare = -layer.result.channels % geometry.requantise_lanes
    packed = b"".join(r.pack() for r in (*layer.records, *(_EMPTY,) * spare))
    assert len(packed) % (RECORD_BYTES * geometry.requantise_lanes) == 0
    return packed


def _descriptor(
    layer: Layer,
    geometry: Geometry,
    places: tuple[int, int],
    memory: tuple[int, int],
    *,
    last: bool,
) -> Descriptor:
    source, destination = places
    width = row_words(layer.source, geometry)
    channels, columns = layer.result.channels, geometry.columns
    tiles = -(-channels // columns)
    in_last = channels - (tiles - 1) * columns
    values = {
        "source": source,
        "source_end": source + words(layer.source, geometry),
        "origin": source - layer.pad * width,
        "group_stride": layer.stride * layer.step * width if layer.result.time > 1 else 0,
        "window_stride": layer.stride * width if layer.windows > 1 else 0,
        "reduction": layer.kernel * width,
        "groups": layer.result.time,
        "tiles": tiles,
        "weights": memory[0],
        "parameters": memory[1],
        "destination": destination,
        "row_words": row_words(layer.result, geometry),
        "pad": layer.pad_value,
        "zero_point": layer.zero_point,
        "act_min": layer.act_min,
        "act_max": layer.act_max,
        "windows": layer.windows,
        "last_steps": -(-in_last // geometry.requantise_lanes),
        "last": int(last),
    }
    for name, value in values.items():
        if not _LIMITS[name][0] <= value <= _LIMITS[name][1]:
            raise ModelError(
                f"{layer.where}: {name} is {value}, allowed is {_LIMITS[name][0]} to "
                f"{_LIMITS[name][1]}; use a smaller layer, or a geometry with more rows and columns"
            )
    return Descriptor(**values)
