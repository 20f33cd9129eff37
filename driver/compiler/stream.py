"""Models that exceed the memories: a schedule of small programs that the driver streams.

A layer is cut into bands of output rows where its activations do not fit, then into tiles of output
channels, then into parts of their reduction, whose sums stay in the accumulators. While one step
computes, the weights of the next one are written: what is streamed goes into two halves of each
memory in turn. Layers whose weights fit beside these halves stay on the device.

A tensor stays in the activation buffer where the layers on both sides of it have room for all of
their input and output; else it goes through the host.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm
from typing import NamedTuple

import numpy as np

from ...arch.descriptor import WORDS
from ...arch.geometry import Geometry
from ...arch.memory import Space, depth, word_bytes
from .errors import ModelError
from .graph import Layer
from .lower import check_shapes, encode, loops, record_words, row_words, weight_words
from .program import Image, Step, Transfer


class _Band(NamedTuple):
    """Output rows (of a signal) or lines (of an image) that are computed from what is on chip."""

    first: int
    end: int


@dataclass(frozen=True)
class _Halves:
    """Words of a memory from `begin` on, in two halves that are written in turn."""

    begin: int
    size: int

    def at(self, turn: int) -> int:
        return self.begin + turn % 2 * self.size


@dataclass(frozen=True, eq=False)
class _Task:
    """A layer, and what of it the memories hold at a time."""

    index: int
    layer: Layer
    geometry: Geometry

    @cached_property
    def weights(self) -> np.ndarray:
        """Weight words as bytes: uint8 [tiles, words of the reduction, bytes]."""
        g = self.geometry
        data = np.frombuffer(weight_words(self.layer, g), np.uint8)
        return data.reshape(self.tiles, -1, g.rows * g.columns)

    @cached_property
    def records(self) -> np.ndarray:
        """Parameter words as bytes: uint8 [sets, words of all channels, bytes]."""
        width = word_bytes(Space.PARAMETER, self.geometry)
        words = -(-self.layer.result.channels // self.geometry.requantise_lanes)
        data = np.frombuffer(record_words(self.layer, self.geometry), np.uint8)
        return data.reshape(-1, words, width)

    @property
    def tiles(self) -> int:
        return -(-self.layer.result.channels // self.geometry.columns)

    @property
    def under(self) -> int:
        """Words of a tile's reduction."""
        return int(self.weights.shape[1])

    @property
    def size(self) -> dict[Space, int]:
        """Words of the whole layer."""
        return {
            Space.WEIGHT: self.tiles * self.under,
            Space.PARAMETER: self.records.shape[0] * self.records.shape[1],
        }

    @property
    def image(self) -> bool:
        """Whether it is computed line by line."""
        return self.layer.source.lines > 1 or self.layer.result.lines > 1

    @property
    def source_width(self) -> int:
        """Activation words of a row, or of a line of an image."""
        words = row_words(self.layer.source, self.geometry)
        return words * (self.layer.source.time if self.image else 1)

    @property
    def result_width(self) -> int:
        words = row_words(self.layer.result, self.geometry)
        return words * (self.layer.result.time if self.image else 1)

    @property
    def all(self) -> _Band:
        return _Band(0, self.layer.result.lines if self.image else self.layer.result.time)

    def needed(self, band: _Band) -> _Band:
        """Rows or lines of the source that a band is computed from."""
        layer, down = self.layer, self.layer.down
        if self.image:
            step, pad, extent = down.step * down.stride, down.pad, down.kernel
            extent += (down.windows - 1) * down.stride
            total = layer.source.lines
        else:
            step, pad, extent = layer.step * layer.stride, layer.pad, layer.kernel
            extent += (layer.windows - 1) * layer.stride
            total = layer.source.time
        first, end = band.first * step - pad, (band.end - 1) * step - pad + extent
        return _Band(max(0, first), min(total, end))

    def words(self, band: _Band) -> tuple[int, int]:
        """Activation words of what a band reads and writes."""
        needed = self.needed(band)
        read = (needed.end - needed.first) * self.source_width
        return read, (band.end - band.first) * self.result_width

    def source(self, band: _Band, address: int) -> Transfer:
        """Move what a band is computed from."""
        needed = self.needed(band)
        return Transfer(self.index, needed.first * self.source_width, self.words(band)[0], address)

    def result(self, band: _Band, address: int) -> Transfer:
        """Move what a band makes."""
        return Transfer(
            self.index + 1, band.first * self.result_width, self.words(band)[1], address
        )

    def fits(self, band: _Band) -> bool:
        return sum(self.words(band)) <= self.geometry.activation_words

    def bands(self) -> Iterator[_Band]:
        """Cut the output into the largest bands that fit."""
        first = 0
        while first < self.all.end:
            end = first + 1
            if not self.fits(_Band(first, end)):
                need = sum(self.words(_Band(first, end)))
                raise ModelError(
                    f"{self.layer.where}: one {'line' if self.image else 'row'} of its output, "
                    f"with the input under it, takes {need} activation words, geometry "
                    f"{self.geometry.name} has {self.geometry.activation_words}; use a geometry "
                    f"with activation_words={need}"
                )
            while end < self.all.end and self.fits(_Band(first, end + 1)):
                end += 1
            yield _Band(first, end)
            first = end


def schedule(layers: Sequence[Layer], geometry: Geometry) -> tuple[Step, ...]:
    """Cut layers into steps.

    Raises
        ModelError: one row or one tile of a layer does not fit: the memory, what it needs and what
            there is
    """
    check_shapes(layers, geometry)
    tasks = [_Task(i, layer.flattened(), geometry) for i, layer in enumerate(layers)]
    return tuple(_Scheduler(tasks, geometry).steps())


class _Scheduler:
    def __init__(self, tasks: list[_Task], geometry: Geometry) -> None:
        self.tasks, self.geometry = tasks, geometry
        #: First word of weights and records of the layers that stay.
        self.stay: dict[int, dict[Space, int]] = {}
        self.halves = self._divide()
        # Whose turn it is: of the halves of weights and records, of those of the program.
        self.turn = self.program_turn = 0

    def _divide(self) -> dict[Space, _Halves]:
        """Choose what stays: half of each memory, where no tile needs more than the other one."""
        streamed = (Space.WEIGHT, Space.PARAMETER)
        used = dict.fromkeys((*streamed, Space.PROGRAM), 0)
        room = {space: depth(space, self.geometry) // 2 for space in streamed}
        if max(task.under for task in self.tasks) <= room[Space.WEIGHT] // 2:
            for task in sorted(self.tasks, key=lambda task: task.size[Space.WEIGHT]):
                if all(used[space] + task.size[space] <= room[space] for space in streamed):
                    self.stay[task.index] = {space: used[space] for space in streamed}
                    for space in streamed:
                        used[space] += task.size[space]
        return {
            space: _Halves(words, (depth(space, self.geometry) - words) // 2)
            for space, words in used.items()
        }

    def steps(self) -> Iterator[Step]:
        """Walk the layers; a tensor that stays on the device moves from one end to the other."""
        room = self.geometry.activation_words
        place: int | None = None  # of the source, where it is in the buffer
        target = 0
        for task in self.tasks:
            whole = task.fits(task.all)
            following = self.tasks[task.index + 1 :]
            keeps = whole and bool(following) and following[0].fits(following[0].all)
            for band in [task.all] if whole else task.bands():
                written = task.words(band)[1]
                source = 0 if place is None else place
                target = room - written if source == 0 else 0
                steps = list(self._band(task, band, (source, target)))
                if place is None:
                    steps[0] = replace(steps[0], inputs=task.source(band, source))
                if not keeps:
                    steps[-1] = replace(steps[-1], outputs=task.result(band, target))
                yield from (self._closed(step) for step in steps)
            place = target if keeps else None

    def _closed(self, step: Step) -> Step:
        """Mark the program's last layer, and give the program its place."""
        *before, last = step.descriptors
        more = step.outputs is None
        descriptors = (*before, replace(last, last=1, more=int(more)))
        entry = self.halves[Space.PROGRAM].at(self.program_turn)
        self.program_turn += 1
        image = Image(Space.PROGRAM, entry, b"".join(d.pack() for d in descriptors))
        return replace(step, images=(*step.images, image), entry=entry, descriptors=descriptors)

    def _band(self, task: _Task, band: _Band, places: tuple[int, int]) -> Iterator[Step]:
        """Compute a band, tiles after tiles."""
        sets = task.records.shape[0]
        if task.index in self.stay:
            at = self.stay[task.index]
            resident = (
                Image(Space.WEIGHT, at[Space.WEIGHT], task.weights.tobytes()),
                Image(Space.PARAMETER, at[Space.PARAMETER], task.records.tobytes()),
            )
            yield from self._programs(task, band, places, (0, task.tiles), resident)
            return
        g, halves = self.geometry, self.halves
        aligned = lcm(g.rows, g.columns) // g.columns
        if task.under > halves[Space.WEIGHT].size:
            if aligned > 1 or task.layer.windows * task.layer.down.windows > 1:
                raise ModelError(
                    f"{task.layer.where}: one tile of its weights takes {task.under} words, half "
                    f"of geometry {g.name}'s weight memory is {halves[Space.WEIGHT].size}; use a "
                    f"geometry with weight_words={2 * task.under}"
                )
            yield from self._cut(task, band, places)
            return
        tiles = min(
            task.tiles,
            halves[Space.WEIGHT].size // task.under,
            halves[Space.PARAMETER].size // (sets * g.column_groups),
        )
        tiles = tiles if tiles == task.tiles else tiles // aligned * aligned
        if not tiles:
            raise ModelError(
                f"{task.layer.where}: {aligned} tiles of its weights take {aligned * task.under} "
                f"words and {aligned * sets * g.column_groups} records, half of geometry "
                f"{g.name}'s memories are {halves[Space.WEIGHT].size} and "
                f"{halves[Space.PARAMETER].size}; use a geometry with more weight_words and "
                "parameter_words"
            )
        for first in range(0, task.tiles, tiles):
            part = first, min(task.tiles, first + tiles)
            images = self._images(task, part, task.weights[slice(*part)])
            yield from self._programs(task, band, places, part, images)
            self.turn += 1

    def _images(
        self, task: _Task, tiles: tuple[int, int], weights: np.ndarray
    ) -> tuple[Image, Image]:
        """Weights, and the records of some tiles, in the half whose turn it is."""
        groups = self.geometry.column_groups
        records = task.records[:, tiles[0] * groups : tiles[1] * groups]
        return (
            Image(Space.WEIGHT, self.halves[Space.WEIGHT].at(self.turn), weights.tobytes()),
            Image(Space.PARAMETER, self.halves[Space.PARAMETER].at(self.turn), records.tobytes()),
        )

    def _programs(
        self,
        task: _Task,
        band: _Band,
        places: tuple[int, int],
        tiles: tuple[int, int],
        images: tuple[Image, Image],
    ) -> Iterator[Step]:
        """Compute some tiles of a band, as many descriptors at a time as the program has room."""
        memory = images[0].address, images[1].address
        descriptors = [
            encode(task.layer, values) for values in self._loops(task, band, places, tiles, memory)
        ]
        room = self.halves[Space.PROGRAM].size // WORDS
        for begin in range(0, len(descriptors), room):
            part = tuple(descriptors[begin : begin + room])
            yield Step(task.index, images, 0, part, None, None)

    def _cut(self, task: _Task, band: _Band, places: tuple[int, int]) -> Iterator[Step]:
        """Compute a band tile by tile, a few rows at a time, over parts of the reduction."""
        positions, size = self.geometry.positions, self.halves[Space.WEIGHT].size
        along = task.under // task.layer.down.kernel
        for tile in range(task.tiles):
            tiles = tile, tile + 1
            for whole in self._loops(task, band, places, tiles, (0, 0)):
                for group in range(0, whole["groups"], positions):
                    rows = {
                        **whole,
                        "groups": min(positions, whole["groups"] - group),
                        "origin": whole["origin"] + group * whole["group_stride"],
                        "destination": whole["destination"] + group * whole["row_words"],
                    }
                    for begin, part in _segments(rows, along, size):
                        weights = task.weights[tile, begin : begin + part["reduction"]]
                        images = self._images(task, tiles, weights)
                        part["weights"] = images[0].address
                        part["parameters"] += images[1].address
                        descriptor = encode(task.layer, part)
                        yield Step(task.index, images, 0, (descriptor,), None, None)
                        self.turn += 1

    def _loops(
        self,
        task: _Task,
        band: _Band,
        places: tuple[int, int],
        tiles: tuple[int, int],
        memory: tuple[int, int],
    ) -> list[dict[str, int]]:
        """List the descriptors' fields of some tiles of a band."""
        g, layer = self.geometry, task.layer
        # As if all of both tensors were there.
        source = places[0] - task.needed(band).first * task.source_width
        target = places[1] - band.first * task.result_width + tiles[0] * g.columns // g.rows
        left = layer.result.channels - tiles[0] * g.columns
        channels = min(left, (tiles[1] - tiles[0]) * g.columns)
        part = replace(layer, result=replace(layer.result, channels=channels))
        width = row_words(layer.result, g)
        found = loops(part, g, (source, target), memory, width)
        if task.image:
            found = found[band.first : band.end]
        else:
            (values,) = found
            values["origin"] += band.first * values["group_stride"]
            values["destination"] += band.first * width
            values["groups"] = band.end - band.first
            if values["groups"] == 1:
                values["group_stride"] = 0
        for values in found:
            values["origin"] += tiles[0] // g.tiles_per_word * values["tile_stride"]
            # Only what a band needs is there.
            values["source"] = max(values["source"], places[0])
            values["source_end"] = min(values["source_end"], places[0] + task.words(band)[0])
        return found


def _segments(
    values: dict[str, int], along: int, size: int
) -> Iterator[tuple[int, dict[str, int]]]:
    """Cut a tile's reduction into parts of at most `size` words.

    Returns
        the first word of each part in the tile's weights, and its fields
    """
    above = values["weights"] // along
    cuts = [
        (line, first, min(along, first + size))
        for line in range(values["lines"])
        for first in range(0, along, size)
    ]
    for cut in cuts:
        line, first, end = cut
        down = line * values["line_stride"]
        yield (
            (above + line) * along + first,
            {
                **values,
                "source": values["source"] + down,
                "source_end": values["source_end"] + down,
                "origin": values["origin"] + down + first * values["word_stride"],
                "reduction": end - first,
                "lines": 1,
                "line_stride": 0,
                "weight_gap": 0,
                "resume": int(cut != cuts[0]),
                "hold": int(cut != cuts[-1]),
            },
        )
