"""The last resort where no C++ compiler is found: Amaranth's own simulator, very slow."""

from collections.abc import Callable
from typing import Any

from amaranth.lib import wiring
from amaranth.sim import Simulator

from .cxxrtl import QUIET_CYCLES, Stop


class Simulation:
    """One running design, with the methods of `cxxrtl.Simulation`.

    Parameters
        design : makes the component, with rx and tx, byte streams
    """

    def __init__(self, design: Callable[[], wiring.Component]) -> None:
        self.cycles = 0
        self._make = design
        self._rx = b""
        self._taken = 0
        self._tx = bytearray()
        self._design: Any = None
        self._simulator: Any = None

    async def _exchange(self, ctx: Any) -> None:
        """Offer and collect bytes, cycle by cycle."""
        rx, tx = self._design.rx, self._design.tx
        ctx.set(tx.ready, 1)
        while True:
            offer = self._taken < len(self._rx)
            ctx.set(rx.valid, int(offer))
            if offer:
                ctx.set(rx.payload, self._rx[self._taken])
            *_, ready, valid, payload = await ctx.tick().sample(rx.ready, tx.valid, tx.payload)
            self.cycles += 1
            if offer and ready:
                self._taken += 1
            if valid:
                self._tx.append(payload)

    def run(self, rx: bytes, limit: int, cycles: int) -> tuple[int, bytes, Stop]:
        """Run as `cxxrtl.Simulation.run` does; a steady design is not noticed."""
        if self._simulator is None:
            self._design = self._make()
            self._simulator = Simulator(self._design)
            self._simulator.add_clock(1e-6)
            self._simulator.add_testbench(self._exchange, background=True)
        self._rx, self._taken = rx, 0
        begin, seen, last = self.cycles, len(self._tx), self.cycles
        stop = Stop.LIMIT
        while self.cycles - begin < cycles:
            self._simulator.advance()
            if len(self._tx) > seen:
                seen, last = len(self._tx), self.cycles
            if seen >= limit:
                stop = Stop.FULL
                break
            if seen and self.cycles - last >= QUIET_CYCLES:
                stop = Stop.QUIET
                break
        out = bytes(self._tx[:limit])
        del self._tx[:limit]
        return self._taken, out, stop

    def close(self) -> None:
        """Nothing to free."""
