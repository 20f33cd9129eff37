"""UartTransmitter: start, data and stop bits of exact length, without gaps."""

from typing import Any

import cocotb

from ...hw.uart import UartTransmitter
from .ports import Ports
from .streams import Bench, parameters


@cocotb.test()
async def transmits(dut: Any) -> None:
    bench, divisor = Bench(dut), parameters()["divisor"]
    feed, ports = bench.source("bytes"), Ports(bench, [], ["pin"])
    await bench.start()
    await bench.step(5)
    sent = bytes([0, 255, 0x55]) + bench.rng.randbytes(10)
    begin = len(ports.trace["pin"]) + UartTransmitter.latency
    feed.send(*sent)
    await bench.step(10 * divisor * len(sent) + 3 * divisor)
    levels = [1] * begin
    for byte in sent:
        for bit in (0, *(byte >> n & 1 for n in range(8)), 1):
            levels += [bit] * divisor
    levels += [1] * (len(ports.trace["pin"]) - len(levels))
    assert ports.trace["pin"] == levels
