"""CobsEncoder: the bytes of arch.packet; an aborted frame is closed; throughput and latency."""

from typing import Any

import cocotb

from ...arch.packet import cobs_encode
from ...hw.byte_ring import ByteRing
from ...hw.cobs import CobsEncoder
from ...hw.layouts import BodyLayout
from .ports import encode
from .streams import Bench
from .tb_cobs_decoder import frames


def payloads(body: bytes) -> list[int]:
    last = len(body) - 1
    return [encode(BodyLayout, {"data": b, "last": n == last}) for n, b in enumerate(body)]


@cocotb.test()
@cocotb.parametrize(source=[1.0, 0.4], sink=[1.0, 0.4])
async def encodes(dut: Any, source: float, sink: float) -> None:
    bench = Bench(dut)
    feed, out = bench.source("body", source), bench.sink("encoded", sink)
    dut.abort.value = 0
    await bench.start()
    sent = [each for each in frames(bench) if each]
    for each in sent:
        feed.send(*payloads(each))
    expected = b"".join(cobs_encode(each) + b"\0" for each in sent)
    await bench.until(lambda: len(out.received) >= len(expected), 100_000)
    await bench.step(10)
    assert bytes(out.received) == expected
    if source == sink == 1.0:
        # The ring's pace, and the first block's way in.
        assert bench.cycle < ByteRing.interval * len(expected) + 600


@cocotb.test()
async def latency(dut: Any) -> None:
    bench = Bench(dut)
    feed, out = bench.source("body"), bench.sink("encoded")
    dut.abort.value = 0
    await bench.start()
    feed.send(*payloads(b"\0a")[:1])
    await bench.step(CobsEncoder.latency)
    assert out.received == []
    await bench.step()
    assert out.received == [1]


@cocotb.test()
async def abort_at_any_cycle(dut: Any) -> None:
    """The next frame is whole, whatever the one before has become."""
    bench = Bench(dut)
    feed, out = bench.source("body"), bench.sink("encoded", 0.7)
    dut.abort.value = 0
    await bench.start()
    for cycle in (1, 2, 3, 100, 253, 254, 255, 256, 257, 258, 300):
        feed.send(*payloads(bytes(range(1, 256)) * 2))
        await bench.step(cycle)
        feed.clear()
        dut.abort.value = 1
        await bench.step()
        dut.abort.value = 0
        feed.send(*payloads(b"next"))
        await bench.step(ByteRing.interval * 600)
        found = bytes(out.received)
        assert found.endswith(b"\0" + cobs_encode(b"next") + b"\0"), (cycle, found)
        out.received.clear()
