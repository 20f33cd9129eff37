"""The interpreted simulation: what tests/sim/test_cxxrtl.py does not compare."""

import gc

from amaranth import Module
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from otus.sim.cxxrtl import QUIET_CYCLES, Stop
from otus.sim.interpreter import Simulation


class Queue(wiring.Component):
    rx: In(stream.Signature(8))
    tx: Out(stream.Signature(8))

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=8, depth=4)
        wiring.connect(m, wiring.flipped(self.rx), queue.w_stream)
        wiring.connect(m, queue.r_stream, wiring.flipped(self.tx))
        return m


def test_each_reason_to_stop() -> None:
    run = Simulation(Queue)
    assert run.run(b"", 1, 50) == (0, b"", Stop.LIMIT)
    assert run.cycles == 50
    assert run.run(b"abc", 3, 100) == (3, b"abc", Stop.FULL)
    before = run.cycles
    assert run.run(b"d", 9, 1_000) == (1, b"d", Stop.QUIET)
    assert QUIET_CYCLES <= run.cycles - before <= QUIET_CYCLES + 5


def test_one_that_never_ran_leaves_nothing_behind() -> None:
    Simulation(Queue).close()
    gc.collect()
