"""Loader: whole words and columns' parts, ends of the spaces, checks without writes."""

from typing import Any

import cocotb

from ...arch.memory import Space, depth, word_bytes
from ...hw.layouts import write_layout
from ...hw.loader import Loader
from .ports import Ports, decode, geometry
from .streams import Bench, Source


async def load(
    bench: Bench,
    ports: Ports,
    feed: Source,
    space: Space,
    address: int,
    data: bytes,
    execute: int = 1,
) -> tuple[int, int]:
    """Load data; return what `beyond` and `partial` say."""
    feed.share(bench.rng.choice([1.0, 0.5]))
    ports.send({"start": 1, "space": space, "address": address, "execute": execute}, {"start": 0})
    await bench.step(2)
    feed.send(*data)
    await bench.until(lambda: not feed.waiting and not int(bench.dut.busy.value), 20_000)
    await bench.step(2)
    return ports.now("beyond"), ports.now("partial")


def expected(space: Space, address: int, data: bytes) -> list[dict[str, int]]:
    """List the writes of whole parts, up to the end of the space."""
    g = geometry()
    columns = g.columns if space is Space.WEIGHT else 1
    part = word_bytes(space, g) // columns
    writes = []
    for index in range(len(data) // part):
        word, column = address + index // columns, index % columns
        if word < depth(space, g):
            value = int.from_bytes(data[index * part : (index + 1) * part], "little")
            writes.append({"space": space, "address": word, "column": column, "data": value})
    return writes


@cocotb.test()
@cocotb.parametrize(sink=[1.0, 0.3])
async def loads_every_space(dut: Any, sink: float) -> None:
    bench, g = Bench(dut), geometry()
    ports = Ports(bench, ["start", "space", "address", "execute"], ["beyond", "partial"])
    feed, out = bench.source("bytes"), bench.sink("write", sink)
    await bench.start()
    for space in [*Space] * 4:
        width, deep = word_bytes(space, g), depth(space, g)
        # Into the end of the space, across it, and with a word cut short.
        words, cut = bench.rng.randrange(5), bench.rng.choice([0, 0, 1])
        address = bench.rng.choice([0, deep - 2, deep - 1, bench.rng.randrange(deep)])
        data = bench.rng.randbytes(max(0, words * width - cut))
        beyond, partial = await load(bench, ports, feed, space, address, data)
        past = len(data) > (deep - address) * width
        assert beyond == past, (space, address, len(data))
        if not past:
            assert partial == (len(data) % width != 0)
        found = []
        for payload in out.received:
            write = decode(write_layout(g), payload)
            part = width // (g.columns if space is Space.WEIGHT else 1)
            write["data"] &= (1 << (8 * part)) - 1
            found.append(write)
        assert found == expected(space, address, data)
        out.received.clear()


@cocotb.test()
async def checks_without_writing(dut: Any) -> None:
    bench, g = Bench(dut), geometry()
    ports = Ports(bench, ["start", "space", "address", "execute"], ["beyond", "partial"])
    feed, out = bench.source("bytes"), bench.sink("write")
    await bench.start()
    for space in Space:
        last = depth(space, g) - 1
        width = word_bytes(space, g)
        assert await load(bench, ports, feed, space, last, bytes(width), 0) == (0, 0)
        assert await load(bench, ports, feed, space, last, bytes(width + 1), 0) == (1, 0)
        assert (await load(bench, ports, feed, space, last - 1, bytes(2 * width - 1), 0))[0] == 0
    assert out.received == []


@cocotb.test()
async def latency_and_throughput(dut: Any) -> None:
    bench, g = Bench(dut), geometry()
    ports = Ports(bench, ["start", "space", "address", "execute"], ["beyond", "partial"])
    feed, out = bench.source("bytes"), bench.sink("write")
    await bench.start()
    ports.send({"start": 1, "space": Space.ACTIVATION, "execute": 1}, {"start": 0})
    await bench.step(2)
    feed.send(*bytes(3 * g.rows))
    cycles = await bench.until(lambda: len(out.received) == 3, 1000)
    assert cycles == 3 * (g.rows + Loader.latency)
