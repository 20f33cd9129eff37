"""Delay line: what went in, `cycles` cycles ago."""

from typing import Any

import cocotb
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...hw.delay import delayed
from .ports import check_latency, respond
from .streams import Bench, parameters


class Line(wiring.Component):
    """A delay line with ports."""

    def __init__(self, cycles: int) -> None:
        self.cycles = cycles
        super().__init__({"before": In(8), "after": Out(8)})

    def elaborate(self, _platform: object) -> Module:
        """Delay the input."""
        m = Module()
        m.d.comb += self.after.eq(delayed(m, self.before, self.cycles, "line"))
        return m


@cocotb.test()
async def delays(dut: Any) -> None:
    bench, cycles = Bench(dut), parameters()["cycles"]
    values = [bench.rng.getrandbits(8) for _ in range(100)]
    trace = await respond(bench, [{"before": value} for value in values], ["after"], cycles)
    check_latency(values, trace["after"], cycles, "after")
