"""Activation buffer: the array, the requantise lanes and the link, all at the same time."""

from collections import deque
from typing import Any

import cocotb

from ...hw.activation_buffer import ActivationBuffer
from .ports import Ports, geometry, join, signed, unsigned
from .streams import Bench, Sink, Source, pattern

_STILL = 3  # cycles without a read after which `pad` may change


class Users:
    """Drive the array's and the lanes' ports at random; keep a reference of the memory."""

    def __init__(self, bench: Bench, reads: float, writes: float) -> None:
        self.g = g = geometry()
        self.rng = bench.rng
        self.dut = bench.dut
        self.ports = Ports(
            bench,
            [
                *("read_enable", "read_address", "read_padding", "pad"),
                *("write_enable", "write_address", "write_group", "write_data"),
            ],
            [],
        )
        self.reading, self.writing = pattern(bench.rng, reads), pattern(bench.rng, writes)
        self.cells = [[0] * g.rows for _ in range(g.activation_words)]
        self.expected: deque[list[list[int]] | None] = deque(
            [None] * ActivationBuffer.latency, ActivationBuffer.latency + 1
        )
        self.link_expected: list[int] = []
        self.checked = self.link_writes = self.still = self.pad = 0
        self.active = False
        bench.add(self)

    def drive(self) -> None:
        """Draw what the array and the lanes do in this cycle."""
        g, rng = self.g, self.rng
        self.read = self.active and next(self.reading)
        self.write = self.active and next(self.writing)
        self.still = 0 if self.read else self.still + 1
        self.addresses = [rng.randrange(g.activation_words) for _ in range(g.positions)]
        self.paddings = [int(rng.random() < 0.3) for _ in range(g.positions)]
        if self.still > _STILL:
            self.pad = rng.randint(-128, 127)
            self.ports.set(pad=unsigned(self.pad, 8))
        self.target = rng.randrange(g.activation_words), rng.randrange(g.row_groups)
        self.data = [rng.randint(-128, 127) for _ in range(g.requantise_lanes)]
        self.ports.set(
            read_enable=int(self.read),
            read_address=join(self.addresses, 16),
            read_padding=join(self.paddings, 1),
            write_enable=int(self.write),
            write_address=self.target[0],
            write_group=self.target[1],
            write_data=join(self.data, 8),
        )

    def sample(self) -> None:
        """Check the array's words and who was served; follow the writes."""
        g, dut = self.g, self.dut
        self.expected.append(
            [
                [self.pad] * g.rows if padding else list(self.cells[address])
                for address, padding in zip(self.addresses, self.paddings, strict=True)
            ]
            if self.read
            else None
        )
        words = self.expected[0]
        if words is not None:
            flat = [value for word in words for value in word]
            assert int(dut.activations.value) == join(flat, 8), f"activations: expected {words}"
            self.checked += 1
        if int(dut.link_read_address__valid.value) and int(dut.link_read_address__ready.value):
            assert not self.read, "the link read while the array did"
            address = int(dut.link_read_address__payload.value)
            self.link_expected.append(join(self.cells[address], 8))
        ready = int(dut.link_write__ready.value)
        assert ready == int(not self.write), "link writes wait for the lanes, and only for them"
        if self.write:
            address, group = self.target
            start = group * len(self.data)
            self.cells[address][start : start + len(self.data)] = self.data
        elif int(dut.link_write__valid.value):
            payload = int(dut.link_write__payload.value)
            word = payload >> 16
            self.cells[payload & 0xFFFF] = [signed(word >> 8 * i, 8) for i in range(g.rows)]
            self.link_writes += 1


async def start(
    dut: Any, reads: float, writes: float, source: float = 1.0, sink: float = 1.0
) -> tuple[Bench, Users, Source, Source, Sink]:
    """Give bench, users, link writes, link reads and words read; fill the memory."""
    bench = Bench(dut)
    users = Users(bench, reads, writes)
    link_writes = bench.source("link_write", source)
    addresses = bench.source("link_read_address", source)
    words = bench.sink("link_read_data", sink)
    await bench.start()
    depth, bits = users.g.activation_words, 8 * users.g.rows
    link_writes.send(*(address | bench.rng.getrandbits(bits) << 16 for address in range(depth)))
    await bench.until(lambda: users.link_writes == depth, limit=100 * depth)
    users.active = True
    return bench, users, link_writes, addresses, words


@cocotb.test()
@cocotb.parametrize(
    (
        ("reads", "writes", "source", "sink"),
        [(0.5, 0.5, 0.5, 0.5), (0.8, 0.2, 1.0, 0.3), (0.2, 0.8, 0.3, 1.0)],
    )
)
async def serves_three_users(
    dut: Any, reads: float, writes: float, source: float, sink: float
) -> None:
    bench, users, link_writes, addresses, words = await start(dut, reads, writes, source, sink)
    g = users.g
    count = 100
    for _ in range(count):
        addresses.send(bench.rng.randrange(g.activation_words))
        link_writes.send(
            bench.rng.randrange(g.activation_words) | bench.rng.getrandbits(8 * g.rows) << 16
        )
    await bench.until(lambda: len(words.received) == count, limit=200 * count)
    await bench.until(lambda: link_writes.waiting == 0, limit=200 * count)
    assert words.received == users.link_expected
    assert users.link_writes == g.activation_words + count
    assert users.checked > count


@cocotb.test()
async def never_slows_the_array(dut: Any) -> None:
    """The array reads every cycle: the link waits, and is served as soon as it stops."""
    bench, users, link_writes, addresses, words = await start(dut, 1.0, 1.0)
    depth = users.link_writes
    addresses.send(1)
    link_writes.send(0x1234 << 16 | 1)
    await bench.step(50)
    assert users.checked == 50 - ActivationBuffer.latency
    assert not words.received
    assert addresses.waiting == link_writes.waiting == 1
    users.active = False
    await bench.step(ActivationBuffer.latency + 2)
    assert words.received == users.link_expected
    assert len(words.received) == users.link_writes - depth == 1
