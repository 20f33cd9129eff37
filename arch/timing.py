"""Latencies of the pipeline, and the cycle model built on them.

The schedule is fixed: every latency is known, so the cycles of a program follow from its
descriptors and the geometry alone. `predict` returns what the counters of the hardware report.

A word that the issue stage releases in cycle c moves on like this:
  c                      address at the activation memory, PADDING later at the weight memory
  + MEMORY + PADDING     activation and weight word at column group 0; group g is g cycles later
  + dot_product          sum of `rows` products
  + ACCUMULATE           pooled accumulator, ready to drain
  + step * interval      its column group is selected
  + SELECT               accumulator and record at the requantise lane
  + requantise           int8 output, which has its address in this cycle
  + wire_registers       written to the activation buffer in this cycle
  + WRITTEN              may be read by a word that is released in this cycle
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from .descriptor import WORDS, Descriptor
from .geometry import Geometry

#: From the cycle of a write until a word that reads it may be released.
WRITTEN = 1
#: Memory read with an output register.
MEMORY = 2
#: Padding takes the place of an activation word.
PADDING = 1
#: Multiplier with input, pipeline and output register (as the DSP blocks of ECP5 and iCE40 have).
MULTIPLY = 3
#: Multiply-accumulates a cycle from which on long wires have a register of their own.
LARGE = 128
#: Accumulator, then running maximum over the pooled window.
ACCUMULATE = 2
#: Two-stage selection of a column group; the parameter memory is read at the same time.
SELECT = 2
#: Descriptor words, one a cycle after the memory's latency; the last one stays at its output.
FETCH = MEMORY + WORDS - 1
#: Bank, first word in the loops, first word at the gate.
LOAD = 3
#: Requantise lane before (bias, left shift) and after the product (round, offset, two shift
#: stages, saturation, zero point, comparison, clamp).
REQUANTISE_BEFORE = 2
REQUANTISE_AFTER = 8
#: Iterative lane: operand and code of a digit before the product, then, after the right shift that
#: takes as long, zero point and clamp.
REQUANTISE_ITERATIVE = 4
#: Pipelined product of a lane: multiplier, then two stages that add the partial products.
PRODUCT = MULTIPLY + 2


def wire_registers(geometry: Geometry) -> int:
    """Cycles from a multiplier to the adders, and from the outputs to the activation buffer.

    A large array lies all over the part: 6 ns of wire on an ECP5-85F.
    """
    return int(geometry.macs_per_cycle >= LARGE)


def dot_product(geometry: Geometry) -> int:
    """Cycles of a dot product of `rows` lanes: multiplier and one register a level of adders."""
    return MULTIPLY + wire_registers(geometry) + (geometry.rows - 1).bit_length()


def requantise(geometry: Geometry) -> int:
    """Cycles of a requantise lane from accumulator to int8."""
    interval = geometry.requantise_interval
    if interval > 1:
        return 2 * interval + REQUANTISE_ITERATIVE
    return REQUANTISE_BEFORE + PRODUCT + REQUANTISE_AFTER


def ranged(geometry: Geometry) -> int:
    """Cycles of a requantise lane from the output's zero point to int8."""
    return 2 if geometry.requantise_interval > 1 else 3


def drain(geometry: Geometry) -> int:
    """Cycles from the release of a tile's last word until its first column group is selected."""
    return MEMORY + PADDING + dot_product(geometry) + ACCUMULATE


def write_back(geometry: Geometry) -> int:
    """Cycles from the selection of a column group until its outputs are written."""
    return SELECT + requantise(geometry) + wire_registers(geometry)


class LayerCycles(NamedTuple):
    """Cycles of one layer, from its descriptor's fetch until the next one's."""

    busy: int
    stall_drain: int
    stall_data: int
    fetch: int

    @property
    def total(self) -> int:
        """Sum of all causes."""
        return sum(self)


class Prediction(NamedTuple):
    """Cycles of a program: of each layer, and of the tail after the last word is issued."""

    layers: tuple[LayerCycles, ...]
    tail: int

    @property
    def total(self) -> int:
        """Cycles from the accepted run command until the last result byte is written."""
        return sum(layer.total for layer in self.layers) + self.tail

    def counters(self) -> dict[str, int]:
        """Predict arch.packet.Counters, by name, without `runs`."""
        sums = {
            name: sum(getattr(layer, name) for layer in self.layers) for name in LayerCycles._fields
        }
        return {"total": self.total, **sums, "tail": self.tail, "link_wait": 0}


class _Producer(NamedTuple):
    """When the rows of a layer that still drains are complete."""

    destination: int
    row_words: int
    rows: list[tuple[int, int]]
    """(cycle, rows complete from that cycle on), in order."""

    @property
    def end(self) -> int:
        return self.rows[-1][0]


def predict(descriptors: Sequence[Descriptor], geometry: Geometry) -> Prediction:
    """Compute the cycles of a program with its input, weights and parameters resident.

    Parameters
        descriptors : the layers in order, the last one marked `last`
        geometry : of the accelerator
    Returns
        the cycles that the hardware's counters report, exactly
    """
    cycle = 1  # the first cycle after the run command was accepted
    capture_from = 0  # a tile's last word is not released before
    older = previous = None  # producers that may still drain
    layers = []
    for d in descriptors:
        cycle += FETCH
        loadable = max(cycle, older.end if older else 0)
        stalled = loadable - cycle
        cycle = loadable + LOAD
        walk = _walk(d, geometry, cycle, capture_from, previous)
        layers.append(
            LayerCycles(walk.busy, walk.stall_drain + stalled, walk.stall_data, FETCH + LOAD)
        )
        cycle, capture_from = walk.cycle, walk.capture_from
        if walk.producer is not None:
            older, previous = previous, walk.producer
    written = previous.end if previous else cycle
    return Prediction(tuple(layers), max(written, cycle) + 1 - cycle)


class _Walk(NamedTuple):
    cycle: int
    capture_from: int
    busy: int
    stall_drain: int
    stall_data: int
    #: None where the sums stay in the accumulators.
    producer: _Producer | None


def _walk(
    d: Descriptor, geometry: Geometry, cycle: int, capture_from: int, source: _Producer | None
) -> _Walk:
    """Release the words of one layer, the first not before `cycle`."""
    stall_drain = stall_data = 0
    rows: list[tuple[int, int]] = []
    steps_full = geometry.column_groups
    interval = geometry.requantise_interval
    for group in range(0, d.groups, geometry.positions):
        slots = min(geometry.positions, d.groups - group)
        for tile in range(d.tiles):
            steps = d.last_steps if tile == d.tiles - 1 else steps_full
            for window in range(d.windows):
                start = (
                    d.origin
                    + group * d.group_stride
                    + tile // geometry.tiles_per_word * d.tile_stride
                )
                start += window * d.window_stride
                unhindered = cycle + d.lines * d.reduction - 1
                last = max([unhindered, *_waits(d, source, cycle, start, slots)])
                stall_data += last - unhindered
                released = max(last, capture_from)
                stall_drain += released - last
                cycle = released + 1
            if not d.hold:
                capture_from = released + steps * slots * interval
        written = released + drain(geometry) + write_back(geometry)
        rows.append((written + (steps * slots - 1) * interval, group + slots))
    busy = -(-d.groups // geometry.positions) * d.tiles * d.windows * d.lines * d.reduction
    producer = None if d.hold else _Producer(d.destination, d.row_words, rows)
    return _Walk(cycle, capture_from, busy, stall_drain, stall_data, producer)


def _waits(
    d: Descriptor, source: _Producer | None, cycle: int, start: int, slots: int
) -> list[int]:
    """Cycles before which the last word cannot be released, for each row still being written."""
    if source is None or cycle >= source.end + WRITTEN:
        return []
    waits = []
    for slot, line in product(range(slots), range(d.lines)):
        shift = line * d.line_stride
        first = start + slot * d.group_stride + shift
        read = [first + word * d.word_stride for word in range(d.reduction)]
        words = [w for w in read if d.source + shift <= w < d.source_end + shift]
        left = (d.lines - line) * d.reduction - 1  # words after the first of the line
        row_start = source.destination
        for complete, rows in [*source.rows, (source.end, 1 << 16)]:
            row_end = source.destination + rows * source.row_words
            # The first word of the row, and how many come before it.
            at = bisect_left(words, row_start)
            if at < len(words) and words[at] < row_end:
                before = bisect_left(read, words[at])
                waits.append(complete + WRITTEN + left - before)
            row_start = row_end
    return waits
