"""Models that exceed the memories: a schedule of small programs that the driver streams.

A layer is cut into bands of output rows where its activations do not fit, then into tiles of output
channels, then into parts of their reduction, whose sums stay in the accumulators. While one step
computes, the weights of the next one are written: what is streamed goes into two halves of each
memory in turn. Layers whose weights fit beside these halves stay on the device; several models that
run in turn have one set of halves, and their layers stay side by side.

A tensor stays in the activation buffer where the layers on both sides of it have room for all of
their input and output; else it goes through the host.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...arch.descriptor import WORDS
from ...arch.geometry import Geometry
from ...arch.memory import Space, depth
from .errors import ModelError
from .graph import Layer
from .lower import check_shapes, encode, loops, row_words
from .program import Image, Step
from .tasks import Band, Task

#: Memories that hold what layers keep.
_STREAMED = (Space.WEIGHT, Space.PARAMETER)


@dataclass(frozen=True)
class _Halves:
    """Words of a memory from `begin` on, in two halves that are written in turn."""

    begin: int
    size: int

    def at(self, turn: int) -> int:
        return self.begin + turn % 2 * self.size


Models = Sequence[Sequence[Layer]]


def schedule(
    models: Models, geometry: Geometry, taken: Mapping[Space, int] | None = None
) -> list[tuple[Step, ...]]:
    """Cut models that run in turn into steps.

    Parameters
        models : the layers of each
        taken : words from address 0 of each memory that are left to others
    Raises
        ModelError: one row or one tile of a layer does not fit: the memory, what it needs and what
            there is
    """
    tasks = _tasks(models, geometry)
    scheduler = _Scheduler([t for each in tasks for t in each], geometry, taken or {})
    return [tuple(scheduler.steps(each)) for each in tasks]


def room(models: Models, geometry: Geometry, others: Mapping[Space, int]) -> dict[Space, int]:
    """Count the words of each memory that may hold what stays, beside two halves for the rest.

    Parameters
        models : the layers of each that is streamed
        others : words that are wanted beside the weights and records of these
    """
    return _room([t for each in _tasks(models, geometry) for t in each], geometry, others)


def _tasks(models: Models, geometry: Geometry) -> list[list[Task]]:
    if models and geometry.program_words < 2 * WORDS:
        raise ModelError(
            f"a model that is streamed needs {2 * WORDS} program words, geometry {geometry.name} "
            f"has {geometry.program_words}; use a geometry with program_words={2 * WORDS}"
        )
    for layers in models:
        check_shapes(layers, geometry)
    return [
        [Task(i, layer.flattened(), geometry) for i, layer in enumerate(layers)]
        for layers in models
    ]


def _room(
    tasks: Sequence[Task], geometry: Geometry, others: Mapping[Space, int]
) -> dict[Space, int]:
    deep = {space: depth(space, geometry) for space in Space}
    if not tasks:
        return deep
    least = {space: [task.least[space] for task in tasks] for space in _STREAMED}
    least[Space.PROGRAM] = [WORDS]
    # Two halves for the largest step that halves can hold, and half of the memory at least.
    most = {
        space: min(
            (deep[space] // 2, *(deep[space] - 2 * n for n in found if 2 * n <= deep[space]))
        )
        for space, found in least.items()
    }
    total = {s: others.get(s, 0) + sum(task.size[s] for task in tasks) for s in _STREAMED}
    if all(total[space] <= deep[space] for space in _STREAMED):
        most |= {space: deep[space] for space in _STREAMED}
    return most


class _Scheduler:
    def __init__(
        self, tasks: Sequence[Task], geometry: Geometry, taken: Mapping[Space, int]
    ) -> None:
        self.geometry = geometry
        #: First word of weights and records of the layers that stay.
        self.stay: dict[Task, dict[Space, int]] = {}
        self.halves = self._divide(tasks, taken)
        # Whose turn it is: of the halves of weights and records, of those of the program.
        self.turn = self.program_turn = 0

    def _divide(self, tasks: Sequence[Task], taken: Mapping[Space, int]) -> dict[Space, _Halves]:
        """Choose what stays, the smallest layers first."""
        used = {space: taken.get(space, 0) for space in (*_STREAMED, Space.PROGRAM)}
        most = _room(tasks, self.geometry, used)
        for task in sorted(tasks, key=lambda task: task.size[Space.WEIGHT]):
            if all(used[space] + task.size[space] <= most[space] for space in _STREAMED):
                self.stay[task] = {space: used[space] for space in _STREAMED}
                for space in _STREAMED:
                    used[space] += task.size[space]
        return {
            space: _Halves(words, (depth(space, self.geometry) - words) // 2)
            for space, words in used.items()
        }

    def steps(self, tasks: Sequence[Task]) -> Iterator[Step]:
        """Walk the layers; a tensor that stays on the device moves from one end to the other."""
        total = self.geometry.activation_words
        place: int | None = None  # of the source, where it is in the buffer
        target = 0
        for task in tasks:
            whole = task.fits(task.all)
            following = tasks[task.index + 1 :]
            keeps = whole and bool(following) and following[0].fits(following[0].all)
            for band in [task.all] if whole else task.bands():
                written = task.words(band)[1]
                source = 0 if place is None else place
                target = total - written if source == 0 else 0
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

    def _band(self, task: Task, band: Band, places: tuple[int, int]) -> Iterator[Step]:
        """Compute a band, tiles after tiles."""
        sets = task.records.shape[0]
        if task in self.stay:
            at = self.stay[task]
            resident = (
                Image(Space.WEIGHT, at[Space.WEIGHT], task.weights.tobytes()),
                Image(Space.PARAMETER, at[Space.PARAMETER], task.records.tobytes()),
            )
            yield from self._programs(task, band, places, (0, task.tiles), resident)
            return
        g, halves = self.geometry, self.halves
        aligned = task.aligned
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
        self, task: Task, tiles: tuple[int, int], weights: np.ndarray
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
        task: Task,
        band: Band,
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

    def _cut(self, task: Task, band: Band, places: tuple[int, int]) -> Iterator[Step]:
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
        task: Task,
        band: Band,
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
