"""FrameReceiver: good frames only, whole; overflow and damage leave no trace; RESET beside."""

from functools import partial
from typing import Any

import cocotb

from ...arch.packet import Opcode, buffered_bytes, frame, request
from ...hw.byte_ring import ByteRing
from ...hw.frame_receiver import FrameReceiver
from ...hw.layouts import BodyLayout
from .ports import Ports, decode
from .requests import spoilt
from .streams import Bench, Sink, parameters


def bodies(sink: Sink) -> list[bytes]:
    found, body = [], bytearray()
    for payload in sink.received:
        byte = decode(BodyLayout, payload)
        body.append(byte["data"])
        if byte["last"]:
            found.append(bytes(body))
            body.clear()
    assert not body, "a body without end"
    return found


def arrived(sink: Sink, total: int) -> bool:
    return len(sink.received) >= total


def random_body(bench: Bench, longest: int) -> bytes:
    rng = bench.rng
    # An opcode that is not RESET.
    head = bytes((rng.randrange(256), rng.randrange(1, 256)))
    return head + bytes(
        rng.choice([0, rng.randrange(256)]) for _ in range(rng.randrange(longest - 1))
    )


@cocotb.test()
@cocotb.parametrize(source=[1.0, 0.3], sink=[1.0, 0.5])
async def passes_good_frames(dut: Any, source: float, sink: float) -> None:
    bench = Bench(dut)
    feed, out = bench.source("encoded", source), bench.sink("body", sink)
    await bench.start()
    expected = []
    for _ in range(60):
        body = random_body(bench, 120)
        sent = frame(body)
        if bench.rng.random() < 0.3:
            damaged = spoilt(bench.rng, sent)
            if not damaged.endswith(sent):
                feed.send(*damaged)
                continue
            sent = damaged
        feed.send(*sent)
        expected.append(body)
        # Never more than the ring holds.
        await bench.until(lambda: not feed.waiting, 10_000)
        total = sum(map(len, expected))
        await bench.step(2)
        await bench.until(partial(arrived, out, total), 10_000)
    await bench.step(20)
    assert bodies(out) == expected


@cocotb.test()
async def overflow_drops_whole_frames(dut: Any) -> None:
    """Frames come faster than they are taken: each arrives whole or not at all, in order."""
    bench = Bench(dut)
    feed, out = bench.source("encoded"), bench.sink("body", 0.2)
    await bench.start()
    sent = [random_body(bench, 200) for _ in range(60)]
    for body in sent:
        feed.send(*frame(body))
    await bench.until(lambda: not feed.waiting, 200_000)
    out.share(1.0)
    await bench.step(ByteRing.interval * parameters()["link_bytes"] + 100)
    found = bodies(out)
    assert 10 < len(found) < len(sent)
    rest = iter(sent)
    assert all(body in rest for body in found), "another order, or a body that was not sent"


@cocotb.test()
async def holds_what_the_contract_says(dut: Any) -> None:
    bench = Bench(dut)
    feed, out = bench.source("encoded"), bench.sink("body", 1e-9)
    await bench.start()
    limit = parameters()["link_bytes"]
    for _ in range(20):
        sent, used = [], 0
        while True:
            body = random_body(bench, 150)
            if used + buffered_bytes(body) >= limit:
                fill = limit - 1 - used - buffered_bytes(b"xy")
                if fill >= 0:
                    sent.append(b"\x01\x01" + bytes(fill))
                break
            used += buffered_bytes(body)
            sent.append(body)
        out.share(1e-9)
        for body in sent:
            feed.send(*frame(body))
        await bench.until(lambda: not feed.waiting, 10_000)
        out.share(1.0)
        await bench.step(ByteRing.interval * limit + 50)
        assert bodies(out) == sent
        out.received.clear()
    # One byte more than the ring ever holds.
    feed.send(*frame(bytes(limit - buffered_bytes(b""))))
    feed.send(*frame(b"\x01\x01"))
    await bench.step(3 * limit)
    assert bodies(out) == [b"\x01\x01"]


@cocotb.test()
async def reset_beside_a_full_ring(dut: Any) -> None:
    bench = Bench(dut)
    feed, out = bench.source("encoded"), bench.sink("body", 1e-9)
    ports = Ports(bench, [], ["reset", "reset_sequence"])
    await bench.start()
    for fill in (0, 3, 30):
        for _ in range(fill):
            feed.send(*frame(random_body(bench, 100)))
        # Longer than a RESET, damaged, another opcode: none of them is one.
        feed.send(*frame(b"\x07\0\0"), *spoilt_reset(), *frame(b"\x08\1"))
        await bench.until(lambda: not feed.waiting, 10_000)
        await bench.step(10)
        assert sum(ports.trace["reset"]) == 0
        feed.send(*frame(request(0xA5, Opcode.RESET)))
        await bench.until(lambda: not feed.waiting, 10_000)
        for _ in range(10):
            if ports.now("reset"):
                break
            await bench.step()
            out.clear()
        assert ports.now("reset_sequence") == 0xA5
        out.clear()
        await bench.step(10)
        assert sum(ports.trace["reset"]) == 1
        ports.trace["reset"].clear()
        out.share(1.0)
        feed.send(*frame(b"\x01\x01after"))
        await bench.step(60)
        assert bodies(out) == [b"\x01\x01after"]
        out.share(1e-9)
        out.clear()
        await bench.step(20)


def spoilt_reset() -> bytes:
    sent = bytearray(frame(request(9, Opcode.RESET)))
    sent[-2] ^= 1
    return bytes(sent)


@cocotb.test()
async def latency_and_pause(dut: Any) -> None:
    bench = Bench(dut)
    feed, out = bench.source("encoded"), bench.sink("body")
    await bench.start()
    sent = frame(b"\x01\x02")
    feed.send(*sent, sent[0])
    await bench.until(lambda: feed.waiting == 1, 50)
    await bench.step(FrameReceiver.latency - 1)
    assert out.received == []
    await bench.step()
    assert len(out.received) == 1
    await bench.until(lambda: feed.waiting == 0, 50)
    # The code at the start of a frame waits, then it and the first byte of the body are taken.
    feed.send(*sent[1:], *sent[:2])
    await bench.until(lambda: feed.waiting == 2, 50)
    assert await bench.until(lambda: feed.waiting == 0, 50) == FrameReceiver.pause + 2
