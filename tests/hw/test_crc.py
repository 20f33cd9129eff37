"""CRC-32 against zlib's, at every pattern of start and valid."""

import random
import zlib
from typing import Any

from amaranth.sim import Simulator

from otus.hw.crc import Crc


def test_it_is_zlibs() -> None:
    dut, rng = Crc(), random.Random(3)

    async def bench(ctx: Any) -> None:
        sent = b""
        for _ in range(3_000):
            start, valid, data = rng.random() < 0.05, rng.random() < 0.7, rng.randrange(256)
            ctx.set(dut.start, start)
            ctx.set(dut.valid, valid)
            ctx.set(dut.data, data)
            await ctx.tick()
            sent = (b"" if start else sent) + (bytes((data,)) if valid else b"")
            assert ctx.get(dut.crc) == zlib.crc32(sent)

    run(dut, bench)


def test_a_body_and_its_crc_match() -> None:
    dut, rng = Crc(), random.Random(4)

    async def bench(ctx: Any) -> None:
        ctx.set(dut.valid, 1)
        for damage in (False, True) * 20:
            body = rng.randbytes(rng.randint(1, 40))
            code = bytearray(body + zlib.crc32(body).to_bytes(4, "little"))
            if damage:
                code[rng.randrange(len(code))] ^= 1 << rng.randrange(8)
            for index, byte in enumerate(code):
                ctx.set(dut.start, index == 0)
                ctx.set(dut.data, byte)
                await ctx.tick()
            assert ctx.get(dut.match_detected) == (not damage)

    run(dut, bench)


def run(dut: Crc, bench: Any) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
