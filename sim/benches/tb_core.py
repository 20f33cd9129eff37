"""Core: programs against golden model and cycle model, while the link reads and writes."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import cocotb
from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from ...arch import timing
from ...arch.descriptor import WORDS
from ...arch.geometry import Geometry
from ...arch.memory import Space
from ...hw.core import Core
from ...hw.layouts import CountersLayout, write_layout
from ..golden import Machine
from .ports import Ports, decode, encode, geometry
from .programs import RandomProgram, core_writes, random_program
from .streams import Bench

#: Writes, and reads, that go on during a run.
_TRAFFIC = 60


class ResettableCore(wiring.Component):
    """A core with the reset that the link gives it, as an input."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.core = Core(geometry)
        super().__init__({**self.core.signature.members, "soft_reset": In(1)})

    def elaborate(self, _platform: object) -> Module:
        """Pass every port on."""
        m = Module()
        core = self.core
        m.submodules.core = ResetInserter(self.soft_reset)(core)
        wiring.connect(m, wiring.flipped(self.write), core.write)
        wiring.connect(m, wiring.flipped(self.read_address), core.read_address)
        wiring.connect(m, core.read_data, wiring.flipped(self.read_data))
        m.d.comb += [
            core.start.eq(self.start),
            core.entry.eq(self.entry),
            self.ready.eq(core.ready),
            self.idle.eq(core.idle),
            self.counters.eq(core.counters),
        ]
        return m


class Host:
    """Hold a golden model beside the core, and give both the same.

    Parameters
        source, sink : share of cycles in which the link offers and takes words
    """

    def __init__(self, dut: Any, source: float = 1.0, sink: float = 1.0) -> None:
        self.g = geometry()
        self.bench = Bench(dut)
        self.golden = Machine(self.g)
        self.ports = Ports(
            self.bench, ["start", "entry", "soft_reset"], ["idle", "ready", "counters"]
        )
        self.writes = self.bench.source("write", source)
        self.addresses = self.bench.source("read_address", source)
        self.words = self.bench.sink("read_data", sink)
        self.runs = 0

    async def power_on(self) -> None:
        """Start the clock, reset, and clear the activations, which outlive a test."""
        await self.bench.start()
        for address in range(self.g.activation_words):
            self.write({"space": Space.ACTIVATION, "address": address, "data": 0})
        await self.settle()

    def write(self, write: Mapping[str, int]) -> None:
        """Queue one write for the core."""
        self.writes.send(encode(write_layout(self.g), write))

    def load(self, program: RandomProgram) -> None:
        """Queue the writes of a program, and load the golden model."""
        writes = core_writes(program)
        self.bench.rng.shuffle(writes)
        for write in writes:
            self.write(write)
        for space, image in program.images.items():
            self.golden.write(space, program.origins[space], image)

    def load_input(self, program: RandomProgram) -> None:
        """Queue other activations for a program that is loaded."""
        width = self.g.rows
        for address in range(program.origins[Space.ACTIVATION], program.ends[Space.ACTIVATION]):
            data = self.bench.rng.getrandbits(8 * width)
            self.write({"space": Space.ACTIVATION, "address": address, "data": data})
            self.golden.write(Space.ACTIVATION, address, data.to_bytes(width, "little"))

    async def settle(self) -> None:
        """Run until all queued writes are taken, and one cycle for those on their way."""
        await self.bench.until(lambda: self.writes.waiting == 0, limit=100_000)
        await self.bench.step(2)

    async def run(self, program: RandomProgram) -> None:
        """Run a program; compare counters and cycles with the cycle model."""
        prediction = timing.predict(program.descriptors, self.g)
        self.begin(program)
        await self.bench.step()
        self.ports.set(start=0)
        await self.bench.step()
        cycles = await self.bench.until(
            lambda: bool(self.ports.now("idle")), limit=4 * prediction.total + 100
        )
        self.golden.run(program.origins[Space.PROGRAM])
        self.runs += 1
        counters = decode(CountersLayout, self.ports.now("counters"))
        assert counters == {"runs": self.runs, **prediction.counters()}
        assert cycles == prediction.total

    def begin(self, program: RandomProgram) -> None:
        """Give the start pulse in the next cycle."""
        self.ports.set(start=1, entry=program.origins[Space.PROGRAM])

    async def compare(self, address: int, count: int) -> None:
        """Read activation words through the link and compare them with the golden model."""
        begin = len(self.words.received)
        self.addresses.send(*range(address, address + count))
        await self.bench.until(
            lambda: len(self.words.received) == begin + count, limit=1000 + 500 * count
        )
        data = self.golden.read(Space.ACTIVATION, address, count)
        expected = [
            int.from_bytes(data[start : start + self.g.rows], "little")
            for start in range(0, len(data), self.g.rows)
        ]
        assert self.words.received[begin:] == expected

    async def compare_all(self, program: RandomProgram) -> None:
        """Compare everything that a program may have touched."""
        begin, end = program.origins[Space.ACTIVATION], program.ends[Space.ACTIVATION]
        await self.compare(begin, end - begin)


def after(program: RandomProgram, seed: int) -> RandomProgram:
    """Draw another program, placed behind one."""
    return random_program(program.geometry, seed).placed(program.ends)


@cocotb.test()
async def runs_programs(dut: Any) -> None:
    host = Host(dut)
    await host.power_on()
    for number in range(6):
        program = random_program(host.g, host.bench.seed * 100 + number, layers=1 + number % 4)
        host.load(program)
        await host.settle()
        for _ in range(2):
            await host.run(program)
            await host.compare_all(program)


@cocotb.test()
@cocotb.parametrize((("source", "sink"), [(1.0, 1.0), (0.5, 0.3), (0.2, 1.0)]))
async def the_link_changes_nothing(dut: Any, source: float, sink: float) -> None:
    """The link reads and writes every space beside the program that runs."""
    host = Host(dut, source, sink)
    rng, g = host.bench.rng, host.g
    await host.power_on()
    program = random_program(g, host.bench.seed)
    host.load(program)
    await host.settle()
    ends = program.ends
    # Words that nobody changes: those that no layer writes, and four that the traffic leaves alone.
    written = {
        d.destination + word for d in program.descriptors for word in range(d.groups * d.row_words)
    }
    kept = [a for a in range(ends[Space.ACTIVATION] + 4) if a not in written]
    free = {**ends, Space.ACTIVATION: ends[Space.ACTIVATION] + 4}
    depths = {
        Space.ACTIVATION: g.activation_words,
        Space.WEIGHT: g.weight_words,
        Space.PARAMETER: g.parameter_words,
        Space.PROGRAM: g.program_words,
    }
    bits = write_layout(g)["data"].width
    for _ in range(2):
        begin = len(host.words.received)
        read = []
        for _ in range(_TRAFFIC):
            space = rng.choice(list(Space))
            write = {
                "space": space,
                "address": rng.randrange(free[space], depths[space]),
                "column": rng.randrange(g.columns),
                "data": rng.getrandbits(bits),
            }
            host.write(write)
            if space is Space.ACTIVATION:
                word = write["data"] & ((1 << 8 * g.rows) - 1)
                host.golden.write(space, write["address"], word.to_bytes(g.rows, "little"))
            read.append(rng.choice(kept))
        host.addresses.send(*read)
        expected = [host.golden.read(Space.ACTIVATION, address, 1) for address in read]
        await host.run(program)
        await host.settle()
        await host.bench.until(lambda: host.addresses.waiting == 0, limit=100_000)
        await host.bench.step(100)  # the last words are on their way
        assert host.words.received[begin:] == [int.from_bytes(w, "little") for w in expected]
        await host.compare(0, g.activation_words)
        host.load_input(program)
        await host.settle()


@cocotb.test()
async def two_programs_back_to_back(dut: Any) -> None:
    """Start one the moment the other ends; the input of the next loads meanwhile."""
    host = Host(dut)
    await host.power_on()
    first = random_program(host.g, host.bench.seed)
    programs = [first, after(first, host.bench.seed + 1)]
    for program in programs:
        host.load(program)
    await host.settle()
    for number in range(6):
        program, other = programs[number % 2], programs[1 - number % 2]
        host.load_input(other)
        await host.run(program)
        assert host.writes.waiting == 0, "the program is too short to load an input meanwhile"
    await host.settle()
    for program in programs:
        await host.compare_all(program)


@cocotb.test()
async def loads_a_program_while_another_runs(dut: Any) -> None:
    host = Host(dut)
    await host.power_on()
    first = random_program(host.g, host.bench.seed)
    host.load(first)
    await host.settle()
    for number in range(1, 4):
        following = after(first, host.bench.seed + number)
        host.load(following)
        await host.run(first)
        await host.settle()
        await host.run(following)
        await host.compare(0, following.ends[Space.ACTIVATION])


@cocotb.test()
async def start_is_taken_only_while_idle(dut: Any) -> None:
    host = Host(dut)
    await host.power_on()
    first = random_program(host.g, host.bench.seed)
    second = after(first, host.bench.seed + 1)
    host.load(first)
    host.load(second)
    await host.settle()
    prediction = timing.predict(first.descriptors, host.g)
    host.begin(first)
    await host.bench.step()
    host.begin(second)  # and holds it for as long as the first one runs
    await host.bench.step(prediction.total)
    assert not host.ports.now("idle")
    host.ports.set(start=0)
    await host.bench.step()
    assert host.ports.now("idle")
    counters = decode(CountersLayout, host.ports.now("counters"))
    assert counters == {"runs": 1, **prediction.counters()}
    host.golden.run(first.origins[Space.PROGRAM])
    await host.compare(0, second.ends[Space.ACTIVATION])


@cocotb.test()
async def resets_at_any_cycle(dut: Any) -> None:
    """One cycle of reset: idle, counters cleared, memories kept, and the next run is right."""
    host = Host(dut, source=0.7, sink=0.5)
    rng = host.bench.rng
    await host.power_on()
    program = random_program(host.g, host.bench.seed, layers=4)
    host.load(program)
    await host.settle()
    total = timing.predict(program.descriptors, host.g).total
    for _ in range(8):
        host.begin(program)
        await host.bench.step()
        host.ports.set(start=0)
        host.addresses.send(*range(program.ends[Space.ACTIVATION]))
        await host.bench.step(rng.randrange(total + 2))
        # The link is reset too: what it waited for is void.
        for actor in (host.addresses, host.words):
            actor.clear()
        host.words.share(0)
        host.ports.set(soft_reset=1)
        await host.bench.step()
        host.ports.set(soft_reset=0)
        host.words.clear()
        host.words.share(0.5)
        host.runs = 0
        await host.bench.step()
        assert host.ports.now("idle")
        assert host.ports.now("counters") == 0
        # The broken run has left anything among its outputs; weights, records and program stay.
        host.load_input(program)
        await host.settle()
        await host.run(program)
        await host.compare_all(program)


class Pauses:
    """Count the cycles in which a run waits for its next program."""

    def __init__(self, host: Host) -> None:
        self.ports, self.cycles = host.ports, 0
        host.bench.add(self)

    def drive(self) -> None:
        """Nothing to drive."""

    def sample(self) -> None:
        """Look at this cycle."""
        self.cycles += bool(self.ports.now("ready")) and not self.ports.now("idle")


def held(program: RandomProgram, parts: int) -> RandomProgram:
    """Spread the last layer's sums over `parts` programs, each of one layer."""
    g = program.geometry
    *before, layer = program.descriptors
    one = replace(layer, groups=min(layer.groups, g.positions), windows=1, tiles=1)
    last = [
        replace(one, resume=int(n > 0), hold=int(n < parts - 1), last=1, more=int(n < parts - 1))
        for n in range(parts)
    ]
    before[-1] = replace(before[-1], last=1, more=1)
    descriptors = (*before, *last)
    words = b"".join(d.pack() for d in descriptors)
    return replace(
        program,
        descriptors=descriptors,
        images={**program.images, Space.PROGRAM: words},
        result=(layer.destination, one.groups * layer.row_words),
    )


@cocotb.test()
async def a_run_of_several_programs(dut: Any) -> None:
    """Sums stay while other weights are loaded, and the wait for each program is counted."""
    host, parts = Host(dut), 3
    pauses = Pauses(host)
    await host.power_on()
    g, rng = host.g, host.bench.rng
    program = held(random_program(g, host.bench.seed + 7, layers=2), parts)
    host.load(program)
    await host.settle()
    layers = len(program.descriptors)
    counted = {
        "runs": parts + 1,
        **dict.fromkeys(timing.predict(program.descriptors, g).counters(), 0),
    }
    for begin, end in pairwise([0, *range(layers - parts, layers + 1)]):
        for name, value in timing.predict(program.descriptors[begin:end], g).counters().items():
            counted[name] += value
        host.ports.set(start=1, entry=begin * WORDS)
        await host.bench.step()
        host.ports.set(start=0)
        await host.bench.step()
        await host.bench.until(lambda: bool(host.ports.now("ready")), limit=10_000)
        host.golden.run(begin * WORDS)
        assert bool(host.ports.now("idle")) == (end == layers)
        if end < layers:
            other = rng.randbytes(len(program.images[Space.WEIGHT]))
            host.load(replace(program, images={Space.WEIGHT: other}))
            await host.settle()
    counted["link_wait"] = pauses.cycles
    counted["total"] += pauses.cycles
    assert decode(CountersLayout, host.ports.now("counters")) == counted
    await host.compare_all(program)
