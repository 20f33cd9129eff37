"""CobsDecoder: what arch.packet encodes comes back; cut blocks are told."""

from typing import Any

import cocotb

from ...arch.packet import cobs_encode
from ...hw.cobs import CobsDecoder, DecodedLayout
from .ports import decode
from .streams import Bench

LENGTHS = [0, 1, 2, 5, 253, 254, 255, 256, 508, 509, 600]


def frames(bench: Bench) -> list[bytes]:
    """Make frames of all lengths at which COBS does something else, with many zeros and none."""
    rng = bench.rng
    found = []
    for length in LENGTHS:
        found.append(bytes(rng.randrange(1, 256) for _ in range(length)))
        found.append(bytes(rng.choice([0, rng.randrange(256)]) for _ in range(length)))
        found.append(bytes(length))
    return found


@cocotb.test()
@cocotb.parametrize(source=[1.0, 0.4], sink=[1.0, 0.4])
async def decodes(dut: Any, source: float, sink: float) -> None:
    bench = Bench(dut)
    feed, out = bench.source("encoded", source), bench.sink("decoded", sink)
    await bench.start()
    sent = frames(bench)
    feed.send(*b"".join(cobs_encode(each) + b"\0" for each in sent))
    await bench.until(lambda: not feed.waiting, 100_000)
    await bench.step(3)
    found, body = [], bytearray()
    for payload in out.received:
        event = decode(DecodedLayout, payload)
        if event["end"]:
            assert not event["damaged"]
            found.append(bytes(body))
            body.clear()
        else:
            body.append(event["data"])
    assert found == sent


@cocotb.test()
async def tells_a_cut_block(dut: Any) -> None:
    bench = Bench(dut)
    feed, out = bench.source("encoded"), bench.sink("decoded")
    await bench.start()
    feed.send(*b"\x05abc\0", *b"\x03ab\0", *b"\0")
    await bench.step(12)
    ends = [decode(DecodedLayout, p) for p in out.received]
    assert [e["damaged"] for e in ends if e["end"]] == [1, 0, 0]


@cocotb.test()
async def latency(dut: Any) -> None:
    bench = Bench(dut)
    feed, out = bench.source("encoded"), bench.sink("decoded")
    await bench.start()
    feed.send(*b"\x02a")
    await bench.step(2 + CobsDecoder.latency)
    assert len(out.received) == 1
