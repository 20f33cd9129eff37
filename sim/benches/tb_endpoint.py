"""Endpoint: requests of all kinds against the golden endpoint, on a model of the core."""

from typing import Any

import cocotb

from ...arch import packet
from ...arch.memory import Space, depth, word_bytes
from ...arch.packet import Opcode
from ...hw.layouts import CountersLayout, write_layout
from ..golden import Machine
from ..golden_link import GoldenEndpoint
from .ports import decode, encode, geometry
from .requests import Host, random_requests
from .streams import Bench, parameters

#: Most cycles that the model of the core runs.
LONGEST = 300


class CoreModel:
    """Memories, and runs of random length that compute nothing."""

    def __init__(self, bench: Bench, share: float) -> None:
        self.bench, self.geometry = bench, geometry()
        self.layout = write_layout(self.geometry)
        self.memories = {
            space: bytearray(depth(space, self.geometry) * word_bytes(space, self.geometry))
            for space in Space
        }
        self.writes = bench.sink("write", share)
        self.addresses = bench.sink("read_address", share)
        self.words = bench.source("read_data", share)
        self.starts: list[int] = []
        #: Cycles that the run takes yet, and how many before its end another one is taken.
        self.runs = self.left = self.early = 0
        self.was_reset = False
        bench.add(self)

    def drive(self) -> None:
        """Show what the core would show in this cycle."""
        dut = self.bench.dut
        if self.was_reset:
            self.words.clear()
            self.was_reset = False
        dut.idle.value = int(self.left == 0)
        dut.ready.value = int(self.left <= self.early)
        # Not stable while it runs.
        runs = self.runs if self.left == 0 else self.bench.rng.getrandbits(32)
        dut.counters.value = encode(CountersLayout, {"runs": runs})

    def sample(self) -> None:
        """Take what the endpoint asks for."""
        dut = self.bench.dut
        if int(dut.soft_reset.value):
            self.runs = self.left = 0
            self.was_reset = True
            self.writes.clear()
            self.addresses.clear()
            return
        if self.left:
            self.left -= 1
            self.runs += self.left == 0
        if int(dut.start.value):
            assert int(dut.ready.value), "started while it ran"
            self.starts.append(int(dut.entry.value))
            self.runs += self.left > 0
            self.left = self.bench.rng.randrange(1, LONGEST)
            self.early = self.bench.rng.choice((0, 0, 20))
        for payload in self.writes.received:
            self.store(decode(self.layout, payload))
        self.writes.received.clear()
        for address in self.addresses.received:
            rows = self.geometry.rows
            data = self.memories[Space.ACTIVATION][address * rows : (address + 1) * rows]
            self.words.send(int.from_bytes(data, "little"))
        self.addresses.received.clear()

    def store(self, write: dict[str, int]) -> None:
        """Execute one write."""
        space = Space(write["space"])
        width = word_bytes(space, self.geometry)
        part = self.geometry.rows if space is Space.WEIGHT else width
        at = write["address"] * width + write["column"] * part
        data = write["data"].to_bytes(64, "little")[:part]
        assert at + part <= len(self.memories[space]), f"{space.name}: written past the end"
        self.memories[space][at : at + part] = data


class CountingMachine(Machine):
    """Memories whose runs compute nothing."""

    def __init__(self) -> None:
        super().__init__(geometry())
        self.starts: list[int] = []

    def run(self, entry: int) -> None:
        """Take note of a run."""
        self.starts.append(entry)


class CountingGolden(GoldenEndpoint):
    """The golden endpoint on such memories."""

    def __init__(self) -> None:
        super().__init__(geometry())
        self.machine = self.counting = CountingMachine()


def host(dut: Any, source: float, sink: float) -> tuple[Host, CoreModel, CountingGolden]:
    bench = Bench(dut)
    model = CoreModel(bench, max(source, sink) if source < 1 else 1.0)
    golden = CountingGolden()
    return Host(bench, golden, bench.source("rx", source), bench.sink("tx", sink)), model, golden


@cocotb.test()
@cocotb.parametrize(source=[1.0, 0.3], sink=[1.0, 0.3])
async def does_as_the_golden_endpoint(dut: Any, source: float, sink: float) -> None:
    this, model, golden = host(dut, source, sink)
    await this.bench.start()
    await random_requests(this, 1)  # before the first RESET all are refused
    await this.reset()
    await random_requests(this, parameters()["batches"])
    await this.reset()
    await this.request(Opcode.RUN, 0)
    assert model.starts == golden.counting.starts
    assert golden.counting.starts
    for space in (Space.ACTIVATION, Space.PARAMETER, Space.PROGRAM):
        expected = golden.machine.read(space, 0, depth(space, geometry()))
        assert bytes(model.memories[space]) == expected, space.name


@cocotb.test()
async def writes_every_space(dut: Any) -> None:
    this, model, _ = host(dut, 1.0, 1.0)
    await this.bench.start()
    await this.reset()
    for space in Space:
        size = word_bytes(space, geometry()) * depth(space, geometry())
        data = this.bench.rng.randbytes(size)
        await this.write(space, 0, data)
        assert bytes(model.memories[space]) == data, space.name


@cocotb.test()
async def reset_request_acts_on_a_full_buffer(dut: Any) -> None:
    """The core never becomes idle, the receive buffer is full: a RESET still works."""
    this, model, golden = host(dut, 1.0, 1.0)
    await this.bench.start()
    await this.reset()
    await this.request(Opcode.RUN, 0)
    model.left = 1 << 30
    waiting = packet.request(this.sequence, Opcode.RESULT, 0, 0, 0)
    filler = packet.request(this.sequence + 1, Opcode.WRITE, 0, 0, data=bytes(100))
    this.rx.send(*packet.frame(waiting), *(packet.frame(filler) * 8))
    await this.bench.until(lambda: not this.rx.waiting, 10_000)
    await this.bench.step(100)
    await this.reset()
    assert model.left == 0
    await this.request(Opcode.WRITE, Space.ACTIVATION, 0, data=bytes(geometry().rows))
    assert golden.counting.starts == model.starts == [0]


@cocotb.test()
async def frame_that_is_too_long_leaves_no_trace(dut: Any) -> None:
    this, _, _ = host(dut, 1.0, 1.0)
    await this.bench.start()
    await this.reset()
    words = geometry().link_bytes // geometry().rows
    body = packet.request(this.sequence, Opcode.WRITE, 0, 0, data=bytes(words * geometry().rows))
    assert await this.exchange(packet.frame(body)) == []
    await this.request(Opcode.READ, Space.ACTIVATION, 0, 4)


@cocotb.test()
async def repeats_are_not_executed(dut: Any) -> None:
    this, model, golden = host(dut, 1.0, 1.0)
    await this.bench.start()
    await this.reset()
    run = packet.frame(packet.request(this.sequence, Opcode.RUN, 3))
    assert len(await this.exchange(run * 3)) == 3
    assert golden.counting.starts == model.starts == [3]
