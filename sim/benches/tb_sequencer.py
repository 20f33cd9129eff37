"""Sequencer: fetches, loads and counts, beside a stand-in for issue stage and write back."""

from typing import Any

import cocotb

from ...arch import timing
from ...arch.descriptor import FIELDS, WORDS, Descriptor, used_bits
from ...hw.drain import StepLayout
from ...hw.layouts import BanksLayout, CountersLayout, DescriptorLayout
from .ports import Ports, decode, encode, geometry, unsigned
from .streams import Bench

_CAUSES = ("busy", "stall_drain", "stall_data", "fetch", "tail", "link_wait")
_RESULT = ("stall_drain", "stall_data", "busy")


def random_layers(bench: Bench, count: int) -> list[Descriptor]:
    """Draw descriptors with anything in every field."""
    layers = []
    for index in range(count):
        used = [field._replace(bits=used_bits(field, geometry())) for field in FIELDS]
        values = {field.name: bench.rng.randint(field.low, field.high) for field in used}
        values["act_min"], values["act_max"] = sorted((values["act_min"], values["act_max"]))
        layers.append(Descriptor(**{**values, "last": int(index == count - 1), "reserved": 0}))
    return layers


class StandIn:
    """Issue each loaded layer for some cycles, and write its rows when it pleases.

    Parameters
        pace : share of cycles in which a row is written
    """

    def __init__(self, bench: Bench, pace: float) -> None:
        self.bench, self.pace = bench, pace
        self.ports = Ports(
            bench,
            [
                *("start", "entry", "done", "waiting", *_RESULT, "writing"),
                *("write_enable", "write_address", "write_data"),
            ],
            [],
        )
        names = (
            "idle",
            "ready",
            "load",
            "layer",
            "bank",
            "banks",
            "source_ready",
            "watermark",
            "counters",
        )
        self.handles = {name: getattr(bench.dut, name) for name in names}
        self.runs = 0
        self.bank = 0
        self.clear()
        bench.add(self)

    def clear(self) -> None:
        """Forget the run; for a reset."""
        self.layers: list[Descriptor] = []
        self.loaded = self.finished = 0
        #: Layers that are loaded and not written.
        self.flight: list[int] = []
        self.left = self.begin = self.loadable = 0
        self.progress: dict[int, int] = {}
        self.rows: dict[int, int] = {}
        self.banks: dict[int, int] = {}
        self.ended = self.cycle = 0
        self.counts = dict.fromkeys(_CAUSES, 0)
        #: `pausing`: the run goes on with another program.
        self.running = self.starting = self.pausing = False
        self.manner = "free"

    def begin_run(self, layers: list[Descriptor], entry: int) -> None:
        """Start in the next cycle."""
        counts, running = self.counts, self.running
        self.clear()
        self.layers, self.starting = layers, True
        if running:
            self.counts, self.running, self.pausing = counts, True, True
        self.ports.set(entry=entry)

    @property
    def in_flight(self) -> int:
        """How many layers are loaded and not written."""
        return len(self.flight)

    def drive(self) -> None:
        """Play the stages around the sequencer for one cycle."""
        rng = self.bench.rng
        # A start is taken only while ready.
        busy = self.running and not self.pausing
        self.ports.set(start=int(self.starting or (busy and rng.random() < 0.1)))
        if busy:
            self.ports.set(entry=rng.getrandbits(6))
        issuing = self.loaded > self.finished
        self.done = issuing and self.left == 0
        # Without a word at the gate the cycle is the fetch's.
        anything = rng.choice((*_RESULT, "fetch"))
        self.cause = "busy" if self.done else anything if issuing else ""
        self.ports.set(
            done=int(self.done),
            waiting=int(self.cause in _RESULT),
            **{name: int(name == self.cause) for name in _RESULT},
        )
        step = {name: rng.getrandbits(1) for name in StepLayout.members}
        step |= {"valid": 0}
        self.row_end = self.layer_end = 0
        together = self.manner == "together" and self.cycle == self.loadable
        if self.flight and (together or rng.random() < self.pace):
            oldest = self.flight[0]
            last = self.rows[oldest] == 1
            if not last or (oldest < self.finished and not self._hold()):
                self.row_end = int(last or rng.random() < 0.8)
                self.layer_end = int(last)
                step |= {"valid": 1, "row_end": self.row_end, "layer_end": self.layer_end}
                step["bank"] = self.banks[oldest]
        self.second = step["second"]
        self.ports.set(writing=encode(StepLayout, step))

    def _hold(self) -> bool:
        """Whether the last row waits: until the next layer loads, or until it has."""
        to_come = self.in_flight == 1 and self.finished < len(self.layers)
        early = self.cycle < self.loadable
        return to_come and (self.manner == "late" or (self.manner == "together" and early))

    def sample(self) -> None:
        """Check the sequencer's outputs, and follow."""
        seen = {name: int(handle.value) for name, handle in self.handles.items()}
        assert seen["idle"] == int(not self.running), f"cycle {self.cycle}: idle"
        assert seen["ready"] == int(not self.running or self.pausing), f"cycle {self.cycle}: ready"
        # One cycle after the last row the tail is over.
        busy = self.running and not self.pausing
        fetched = busy and self.loaded == self.finished < len(self.layers)
        fetching = fetched and self.cycle < self.loadable
        loads = fetched and not fetching and self.in_flight < 2
        assert seen["load"] == int(loads), f"cycle {self.cycle}: load"
        tail = busy and self.finished == len(self.layers)
        causes = [
            *([self.cause] if self.cause else []),
            *(["fetch"] if fetching or loads else []),
            *(["stall_drain"] if fetched and not fetching and not loads else []),
            *(["tail"] if tail else []),
            *(["link_wait"] if self.pausing else []),
        ]
        for cause in causes:
            self.counts[cause] += 1
        assert len(causes) == int(self.running)
        if self.loaded > self.finished:
            self._check_layer(seen)
        for layer in self.flight:
            self._check_bank(seen["banks"], layer)
        self._follow(loads, tail)

    def _check_layer(self, seen: dict[str, int]) -> None:
        layer = self.loaded - 1
        hold = self.layers[layer].hold
        before = self.in_flight if hold else self.in_flight - 1
        if not hold:
            assert seen["bank"] == self.banks[layer]
        assert seen["source_ready"] == int(before == 0)
        if before == 1:
            assert seen["watermark"] == self.progress[self.flight[0]], f"cycle {self.cycle}"
        assert seen["layer"] == int.from_bytes(self.layers[layer].pack(), "little")

    def _check_bank(self, banks: int, layer: int) -> None:
        kept = BanksLayout.elem_shape
        values = decode(kept, banks >> self.banks[layer] * kept.size)
        whole = decode(DescriptorLayout, int.from_bytes(self.layers[layer].pack(), "little"))
        assert values == {name: whole[name] for name in kept.members}, f"bank of layer {layer}"

    def _follow(self, loads: bool, tail: bool) -> None:
        rng = self.bench.rng
        over = tail and self.in_flight == 0
        if self.row_end:
            oldest = self.flight[0]
            moved = self.layers[oldest].row_words << self.second
            self.progress[oldest] = unsigned(self.progress[oldest] + moved, 16)
            self.rows[oldest] -= 1
        if self.layer_end:
            self.flight.pop(0)
        if self.done:
            self.finished += 1
            self.loadable = self.cycle + timing.FETCH + 1
        elif self.loaded > self.finished:
            self.left -= 1
        if loads:
            layer = self.layers[self.loaded]
            if not layer.hold:
                self.progress[self.loaded] = layer.destination
                self.rows[self.loaded] = rng.randint(1, 5)
                self.banks[self.loaded] = self.bank
                self.bank ^= 1
                self.flight.append(self.loaded)
            self.manner = rng.choice(("together", "late", "free"))
            self.loaded += 1
            self.left = rng.choice((0, 1, 5, 30))
        if self.starting:
            self.starting, self.running, self.pausing = False, True, False
            self.loadable = self.cycle + timing.FETCH + 1
        if over:
            self.runs += 1
            self.pausing = bool(self.layers[-1].more)
            self.running = self.pausing
        self.cycle += 1

    def check_counters(self) -> None:
        """Compare the counters with the cycles of each cause."""
        counters = decode(CountersLayout, int(self.handles["counters"].value))
        expected = {"runs": self.runs, "total": sum(self.counts.values()), **self.counts}
        assert counters == expected, f"counters {counters}, expected {expected}"


def write(stand_in: StandIn, entry: int, layers: list[Descriptor]) -> None:
    """Queue the writes of a program's words."""
    image = b"".join(layer.pack() for layer in layers)
    for index in range(len(image) // 4):
        word = int.from_bytes(image[4 * index :][:4], "little")
        stand_in.ports.send({"write_enable": 1, "write_address": entry + index, "write_data": word})
    stand_in.ports.send({"write_enable": 0})


async def run(bench: Bench, stand_in: StandIn, layers: list[Descriptor], entry: int) -> None:
    """Run a program to its end; check the run's counters if that ends too, at once and later."""
    stand_in.begin_run(layers, entry)
    await bench.step()
    await bench.until(lambda: stand_in.pausing or not stand_in.running, limit=5000)
    await bench.step(bench.rng.choice((1, 4)))
    if not stand_in.running:
        stand_in.check_counters()


@cocotb.test()
@cocotb.parametrize(pace=[0.9, 0.2, 0.05])
async def runs_programs(dut: Any, pace: float) -> None:
    """Several programs, the next one written while one runs."""
    bench, depth = Bench(dut), geometry().program_words
    stand_in = StandIn(bench, pace)
    await bench.start()
    entry, layers = 0, random_layers(bench, 4)
    write(stand_in, entry, layers)
    await bench.step(len(layers) * WORDS + 1)
    for _ in range(6):
        following = random_layers(bench, bench.rng.randint(1, 4))
        # The other half of the memory, so that it does not touch the program that runs.
        behind = depth // 2 - entry
        write(stand_in, behind, following)
        await run(bench, stand_in, layers, entry)
        await bench.step(len(following) * WORDS + 1)
        entry, layers = behind, following


@cocotb.test()
async def resets_at_any_cycle(dut: Any) -> None:
    bench = Bench(dut)
    stand_in = StandIn(bench, 0.3)
    await bench.start()
    layers = random_layers(bench, 3)
    write(stand_in, 5, layers)
    await bench.step(3 * WORDS + 1)
    await run(bench, stand_in, layers, 5)
    whole = stand_in.cycle
    for _ in range(12):
        stand_in.begin_run(layers, 5)
        await bench.step(1 + bench.rng.randrange(whole))
        stand_in.clear()
        stand_in.runs = stand_in.bank = 0
        stand_in.ports.set(start=0, done=0, waiting=0, writing=0, **dict.fromkeys(_RESULT, 0))
        await bench.reset(1)
        await bench.step()  # checks that it is idle
        stand_in.check_counters()
        await run(bench, stand_in, layers, 5)
