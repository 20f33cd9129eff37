"""ByteRing: bytes in order up to the mark, at the stated latency; a flush forgets them."""

from typing import Any

import cocotb

from ...hw.byte_ring import ByteRing
from .ports import Ports
from .streams import Bench, parameters


def ports(bench: Bench) -> Ports:
    names = ["write_enable", "write_address", "write_data", "committed", "flush"]
    return Ports(bench, names, ["position", "behind", "bytes__valid"])


@cocotb.test()
@cocotb.parametrize(sink=[1.0, 0.3])
async def keeps_order(dut: Any, sink: float) -> None:
    bench, depth = Bench(dut), parameters()["depth"]
    ring, out = ports(bench), bench.sink("bytes", sink)
    await bench.start()
    sent: list[int] = []
    tail = 0
    while len(sent) < 4 * depth:
        # As far as the reader has come, but for one byte.
        room = (int(dut.position.value) - tail - 1) % depth
        stretch = bench.rng.randrange(room + 1)
        for _ in range(stretch):
            byte = bench.rng.randrange(256)
            ring.send({"write_enable": 1, "write_address": tail, "write_data": byte})
            sent.append(byte)
            tail = (tail + 1) % depth
        ring.send({"write_enable": 0, "committed": tail})
        await bench.step(stretch + 1 + bench.rng.randrange(4))
    await bench.until(lambda: len(out.received) == len(sent), 50 * depth)
    await bench.step(10)
    assert out.received == sent


@cocotb.test()
async def latency(dut: Any) -> None:
    bench = Bench(dut)
    ring = ports(bench)
    bench.sink("bytes", 1.0)
    await bench.start()
    ring.send({"write_enable": 1}, {"write_enable": 0, "committed": 1}, {}, {}, {}, {})
    await bench.step(6)
    assert ring.trace["bytes__valid"].index(1) == 1 + ByteRing.latency


@cocotb.test()
async def flush(dut: Any) -> None:
    bench = Bench(dut)
    ring, out = ports(bench), bench.sink("bytes", 0.0)
    out.share(1e-9)
    await bench.start()
    ring.send(*({"write_enable": 1, "write_address": n, "write_data": n} for n in range(5)))
    ring.send({"write_enable": 0, "committed": 4})
    await bench.step(10)
    out.clear()
    ring.send({"flush": 1})
    await bench.step(1)
    out.clear()
    ring.send({"flush": 0, "committed": 5})
    out.share(1.0)
    await bench.step(10)
    assert out.received == [4]
