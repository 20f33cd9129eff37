"""Responder: every kind of reply, with a slow sender and a slow memory."""

from typing import Any

import cocotb

from ...arch.packet import CONTRACT_VERSION, Counters, Identity, Status
from ...hw.layouts import BodyLayout, CountersLayout
from ...hw.responder import Content, Responder
from .ports import Ports, decode, encode, geometry
from .streams import Bench

INPUTS = ["start", "sequence", "status", "content", "counted", "expected", "address", "count"]


@cocotb.test()
@cocotb.parametrize(memory=[1.0, 0.3], sink=[1.0, 0.3])
async def replies(dut: Any, memory: float, sink: float) -> None:
    bench, g = Bench(dut), geometry()
    rng = bench.rng
    ports = Ports(bench, [*INPUTS, "counters"], ["idle"])
    addresses, words = bench.sink("read_address", memory), bench.source("read_data", memory)
    out = bench.sink("body", sink)
    counters = Counters(*(rng.getrandbits(32) for _ in Counters._fields))
    await bench.start()
    for _ in range(12):
        for content in Content:
            count = rng.randrange(4) if content is Content.WORDS else rng.getrandbits(16)
            values = {
                "sequence": rng.randrange(256),
                "status": rng.choice(list(Status)),
                "content": content,
                "counted": rng.randrange(2),
                "expected": rng.randrange(256),
                "address": rng.randrange(1000),
                "count": count,
            }
            data = rng.randbytes(count * g.rows) if content is Content.WORDS else b""
            payload = {
                Content.NOTHING: b"",
                Content.EXPECTED: bytes((values["expected"],)),
                Content.IDENTITY: Identity(CONTRACT_VERSION, 0, 0, g).pack(),
                Content.WORDS: (counters.pack() if values["counted"] else b"") + data,
            }[content]
            packed = encode(CountersLayout, counters._asdict())
            ports.send({"start": 1, "counters": packed, **values}, {"start": 0})
            for at in range(0, len(data), g.rows):
                words.send(int.from_bytes(data[at : at + g.rows], "little"))
            await bench.step(2)
            await bench.until(lambda: ports.now("idle") == 1, 10_000)
            found = [decode(BodyLayout, p) for p in out.received]
            expected = bytes((values["sequence"], values["status"])) + payload
            assert bytes(byte["data"] for byte in found) == expected, content.name
            assert [byte["last"] for byte in found] == [0] * (len(found) - 1) + [1]
            first = values["address"]
            asked = list(range(first, first + count)) if data else []
            assert addresses.received == asked
            addresses.received.clear()
            out.received.clear()


@cocotb.test()
async def latency(dut: Any) -> None:
    bench = Bench(dut)
    ports = Ports(bench, [*INPUTS, "counters"], ["idle"])
    out = bench.sink("body")
    await bench.start()
    ports.send({"start": 1, "content": Content.NOTHING}, {"start": 0})
    await bench.step(Responder.latency)
    assert out.received == []
    await bench.step()
    assert len(out.received) == 1
