"""UartReceiver: characters at clocks that differ, glitches, breaks, late takers."""

from typing import Any

import cocotb

from .streams import Bench, parameters


class Line:
    """Drives the pin with levels of some length, in cycles (fractions add up)."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.levels: list[tuple[int, float]] = []
        self.now = 0.0
        self.until = 0.0
        bench.add(self)

    def drive(self) -> None:
        """Set the pin for this cycle."""
        while self.levels and self.now >= self.until:
            level, cycles = self.levels.pop(0)
            self.bench.dut.pin.value = level
            self.until += cycles
        self.now += 1.0
        if not self.levels:
            self.until = max(self.until, self.now)

    def sample(self) -> None:
        """Look at nothing."""

    def send(self, data: bytes, bit: float, stop: int = 1) -> None:
        """Queue characters with bits of `bit` cycles."""
        for byte in data:
            bits = [0, *(byte >> n & 1 for n in range(8)), stop]
            self.levels += [(level, bit) for level in bits]


async def start(dut: Any) -> tuple[Bench, Line, Any]:
    dut.pin.value = 1
    bench = Bench(dut)
    line, out = Line(bench), bench.sink("bytes")
    await bench.start()
    await bench.step(20)
    return bench, line, out


@cocotb.test()
@cocotb.parametrize(clock=[0.97, 1.0, 1.03])
async def receives(dut: Any, clock: float) -> None:
    bench, line, out = await start(dut)
    divisor = parameters()["divisor"]
    sent = bytes([0, 255, 0x55, 0xAA]) + bench.rng.randbytes(30)
    line.send(sent, divisor * clock)
    await bench.step(int(11 * divisor * len(sent)) + 50)
    assert bytes(out.received) == sent


@cocotb.test()
async def drops_glitches_and_broken_characters(dut: Any) -> None:
    bench, line, out = await start(dut)
    divisor = parameters()["divisor"]
    line.levels += [(0, max(1, divisor // 2 - 2)), (1, 12 * divisor)]
    line.send(b"x", divisor, stop=0)
    line.levels += [(0, 30 * divisor), (1, 3 * divisor)]
    line.send(b"good", divisor)
    await bench.step(120 * divisor)
    assert bytes(out.received) == b"good"


@cocotb.test()
async def keeps_the_first_of_two_that_are_not_taken(dut: Any) -> None:
    bench, line, out = await start(dut)
    divisor = parameters()["divisor"]
    out.share(1e-9)
    line.send(b"ab", divisor)
    await bench.step(25 * divisor)
    out.share(1.0)
    line.send(b"c", divisor)
    await bench.step(15 * divisor)
    assert bytes(out.received) == b"ac"
