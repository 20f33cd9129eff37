"""Issue: the loops of arch.descriptor, word by word, and exactly when each word is released."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import cocotb

from ...arch import timing
from ...arch.descriptor import BITS, Descriptor
from ...hw.accumulator import Control
from ...hw.drain import TileLayout
from .ports import Ports, encode, geometry, join, unsigned
from .programs import random_program
from .streams import Bench

_OUTPUTS = ("waiting", "address", "padding", "weight_address", "control", "tile")


class Word(NamedTuple):
    """One pass of the innermost loop."""

    addresses: tuple[int, ...]
    padding: tuple[bool, ...]
    weight: int
    control: int
    tile: int
    reduction_last: bool
    #: Cycles that its tile takes to drain; 0 where it ends none.
    drain: int
    last: bool


def words(d: Descriptor, bank: int) -> Iterator[Word]:
    """Walk the loops of a layer as arch.descriptor writes them."""
    g = geometry()
    for group in range(0, d.groups, g.positions):
        rows = range(group, min(group + g.positions, d.groups))
        for tile in range(d.tiles):
            steps = d.last_steps if tile == d.tiles - 1 else g.column_groups
            for window in range(d.windows):
                for line, k in product(range(d.lines), range(d.reduction)):
                    shift = line * d.line_stride
                    addresses = tuple(
                        d.origin
                        + row * d.group_stride
                        + tile // g.tiles_per_word * d.tile_stride
                        + window * d.window_stride
                        + shift
                        + k * d.word_stride
                        for row in rows
                    )
                    k_last = line == d.lines - 1 and k == d.reduction - 1
                    window_last = window == d.windows - 1
                    row_end = tile == d.tiles - 1
                    layer_end = row_end and rows[-1] == d.groups - 1
                    control = {
                        "valid": 1,
                        "first": line == k == 0 and not d.resume,
                        "last": k_last and not d.hold,
                        "fresh": window == 0,
                    }
                    fields = {
                        "valid": 1,
                        "bank": bank,
                        "second": len(rows) - 1,
                        "row_end": row_end,
                        "layer_end": layer_end,
                    }
                    ends = k_last and window_last
                    pitch = d.lines * d.reduction + d.weight_gap
                    yield Word(
                        addresses,
                        tuple(
                            not d.source + shift <= unsigned(a, 16) < d.source_end + shift
                            for a in addresses
                        ),
                        d.weights + tile * pitch + line * d.reduction + k,
                        encode(Control, control),
                        encode(TileLayout, fields) if ends and not d.hold else 0,
                        k_last,
                        steps * len(rows) * g.requantise_interval if ends and not d.hold else 0,
                        ends and layer_end,
                    )


class Reference:
    """Follow the module cycle by cycle, with what is written so far changing at random.

    Parameters
        written : share of cycles in which every layer before this one is written
    """

    def __init__(self, bench: Bench, written: float) -> None:
        self.bench, self.written = bench, written
        self.ports = Ports(bench, ["layer", "load", "bank", "source_ready", "watermark"], [])
        self.handles = {
            name: getattr(bench.dut, name)
            for name in (*_OUTPUTS, "busy", "stall_data", "stall_drain", "done")
        }
        self.layer: Descriptor | None = None
        self.loading = False
        self.cycle = self.capture_from = self.begin = 0
        self.written_before: tuple[bool, int] = False, 0
        self.counts = dict.fromkeys(("busy", "stall_data", "stall_drain"), 0)
        bench.add(self)

    def load(self, descriptor: Descriptor, bank: int) -> None:
        """Load a layer in the next cycle."""
        self.layer, self.loading = descriptor, True
        self.waiting = words(descriptor, bank)
        self.word = next(self.waiting)
        self.ports.set(layer=int.from_bytes(descriptor.pack(), "little"), bank=bank)

    def drive(self) -> None:
        """Start a layer, and draw what is written in this cycle."""
        rng = self.bench.rng
        self.source_ready = rng.random() < self.written
        low = high = 0
        if self.layer:
            low = self.layer.source
            high = self.layer.source_end + (self.layer.lines - 1) * self.layer.line_stride
        self.watermark = rng.randint(max(0, low - 2), high + 2)
        self.ports.set(
            load=int(self.loading),
            source_ready=int(self.source_ready),
            watermark=self.watermark,
        )

    def sample(self) -> None:
        """Check the word at the gate: whether it is released, or why not."""
        seen = {name: int(handle.value) for name, handle in self.handles.items()}
        if self.loading:
            self.begin = self.cycle + timing.LOAD
        word, active = self.word, self.layer is not None and self.cycle >= self.begin
        # What was written in the cycle before counts.
        source_ready, watermark = self.written_before
        ready = all(
            pad or source_ready or unsigned(address, 16) < watermark
            for address, pad in zip(word.addresses, word.padding, strict=True)
        )
        gate = not word.reduction_last or self.cycle >= self.capture_from
        go = active and ready and gate
        expected = {
            "busy": go,
            "stall_data": active and not ready,
            "stall_drain": active and ready and not gate,
            "done": go and word.last,
        }
        assert {name: bool(seen[name]) for name in expected} == expected, (
            f"cycle {self.cycle}: {word}, watermark {watermark}"
        )
        self._check_word(seen, word if active else None, go)
        for name in self.counts:
            self.counts[name] += expected[name]
        if go:
            if word.drain:
                self.capture_from = self.cycle + word.drain
            if word.last:
                self.layer = None
            else:
                self.word = next(self.waiting)
        self.written_before = self.source_ready, self.watermark
        self.loading = False
        self.cycle += 1

    def _check_word(self, seen: dict[str, int], word: Word | None, released: bool) -> None:
        assert seen["waiting"] == int(word is not None)
        if word is not None:
            bits = (geometry().activation_words - 1).bit_length()
            addresses = unsigned(seen["address"], bits * len(word.addresses))
            assert addresses == join(word.addresses, bits), f"{word}"
            assert unsigned(seen["padding"], len(word.padding)) == join(word.padding, 1), f"{word}"
            assert seen["weight_address"] == word.weight, f"{word}"
        if word is None or not released:
            assert not seen["control"] & 1
            assert not seen["tile"] & 1
            return
        assert seen["control"] == word.control, f"{word}"
        if word.tile:
            assert seen["tile"] == word.tile, f"{word}"
        else:
            assert not seen["tile"] & 1, f"{word}"


async def run(bench: Bench, reference: Reference, layers: list[Descriptor]) -> None:
    """Issue layers one after the other, at once or after a pause."""
    for index, descriptor in enumerate(layers):
        reference.load(descriptor, index % 2)
        await bench.until(lambda: reference.layer is None, limit=100_000)
        # No longer stable once it is done.
        reference.ports.set(layer=bench.rng.getrandbits(BITS))
        await bench.step(bench.rng.choice((0, 0, 1, 20)))
    reference.ports.set(layer=0)
    await bench.step(2)


@cocotb.test()
@cocotb.parametrize(written=[1.0, 0.5, 0.0])
async def walks_the_loops(dut: Any, written: float) -> None:
    bench, g = Bench(dut), geometry()
    reference = Reference(bench, written)
    reference.word = next(words(random_program(g, 0).descriptors[0], 0))
    await bench.start()
    layers = [
        layer
        for number in range(6)
        for layer in random_program(g, bench.seed + number, size=4).descriptors
    ]
    await run(bench, reference, layers)
    assert reference.counts["stall_drain"] > 0
    assert (reference.counts["stall_data"] == 0) == (written == 1.0)


@cocotb.test()
async def counts_far(dut: Any) -> None:
    """Reductions and rows beyond 4,096, and 255 windows."""
    bench, g = Bench(dut), geometry()
    reference = Reference(bench, 1.0)
    base = replace(
        random_program(g, 0).descriptors[0],
        source=3,
        source_end=5000,
        origin=-2,
        group_stride=1,
        window_stride=1,
        reduction=1,
        groups=1,
        tiles=1,
        windows=1,
        weights=9,
        last_steps=1,
    )
    layers = [
        replace(base, reduction=4100, tiles=2),
        replace(base, groups=4101, origin=0),
        replace(base, windows=256, tiles=2),
    ]
    reference.word = next(words(base, 0))
    await bench.start()
    await run(bench, reference, layers)
