"""FrameSender: the frames of arch.packet; after an abort the next frame is whole."""

from typing import Any

import cocotb

from ...arch.packet import frame
from ...hw.byte_ring import ByteRing
from .streams import Bench
from .tb_cobs_encoder import payloads


@cocotb.test()
@cocotb.parametrize(source=[1.0, 0.4], sink=[1.0, 0.4])
async def sends_frames(dut: Any, source: float, sink: float) -> None:
    bench = Bench(dut)
    feed, out = bench.source("body", source), bench.sink("encoded", sink)
    dut.abort.value = 0
    await bench.start()
    sent = [bench.rng.randbytes(bench.rng.choice([2, 3, 30, 250, 600])) for _ in range(20)]
    for each in sent:
        feed.send(*payloads(each))
    expected = b"".join(map(frame, sent))
    await bench.until(lambda: len(out.received) >= len(expected), 100_000)
    await bench.step(10)
    assert bytes(out.received) == expected


@cocotb.test()
async def abort_at_any_cycle(dut: Any) -> None:
    bench = Bench(dut)
    feed, out = bench.source("body"), bench.sink("encoded", 0.8)
    dut.abort.value = 0
    await bench.start()
    for cycle in range(1, 30):
        feed.send(*payloads(bytes(range(20))))
        await bench.step(cycle)
        feed.clear()
        dut.abort.value = 1
        await bench.step()
        dut.abort.value = 0
        feed.send(*payloads(b"next"))
        await bench.step(ByteRing.interval * 100)
        *_, last, end = bytes(out.received).split(b"\0")
        assert (last + b"\0", end) == (frame(b"next"), b""), cycle
        out.received.clear()
    # Nothing under way: nothing is sent.
    dut.abort.value = 1
    await bench.step()
    dut.abort.value = 0
    await bench.step(20)
    assert out.received == []
