"""The bench runner, and the stream helpers: a good queue passes, each broken rule is reported."""

import pytest
from amaranth import Module, Mux
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from otus.sim import cocotb_runner
from otus.sim.cocotb_runner import BenchError, run_bench

WIDTH = 12


class Queue(wiring.Component):
    """A queue of four, with one fault of choice."""

    w_stream: In(stream.Signature(WIDTH))
    r_stream: Out(stream.Signature(WIDTH))

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        super().__init__()

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.fifo = queue = fifo.SyncFIFO(width=WIDTH, depth=4)
        wiring.connect(m, wiring.flipped(self.w_stream), queue.w_stream)
        r = self.r_stream
        m.d.comb += [
            r.payload.eq(queue.r_data),
            r.valid.eq(queue.r_rdy),
            queue.r_en.eq(r.ready),
        ]
        count = queue.r_level
        match self.fault:
            case "withdraws":
                m.d.comb += r.valid.eq(queue.r_rdy & (count != 3))
            case "changes":
                m.d.comb += r.payload.eq(Mux(count == 3, ~queue.r_data, queue.r_data))
            case "waits":
                m.d.comb += r.valid.eq(queue.r_rdy & r.ready)
            case "corrupts":
                m.d.comb += r.payload.eq(queue.r_data | 1)
        return m


BENCH = "otus.sim.benches.queue"


def test_queue_passes(simulator: str) -> None:
    assert run_bench(Queue(), BENCH, simulator=simulator, parameters={"width": WIDTH}).passed == 9


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("withdraws", "r_stream: valid fell before the transfer"),
        ("changes", "r_stream: payload changed from"),
        ("waits", "r_stream: valid and payload went from"),
        ("corrupts", "keeps_order.*AssertionError"),
    ],
)
def test_each_fault_is_reported(simulator: str, fault: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        run_bench(Queue(fault), BENCH, simulator=simulator, parameters={"width": WIDTH})


def test_seed_is_printed_and_settable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OTUS_SEED", "4711")
    result = run_bench(Queue(), BENCH, parameters={"width": WIDTH}, name="source=1.0/sink=1.0")
    assert "OTUS_SEED=4711" in capsys.readouterr().out
    assert "4711" in result.log


def test_no_test_is_a_failure() -> None:
    with pytest.raises(BenchError, match=r"(no test ran|without results|No tests)"):
        run_bench(Queue(), BENCH, parameters={"width": WIDTH}, name="no_such_test")


def test_simulators_lists_verilator_first() -> None:
    assert cocotb_runner.simulators()[0] == "verilator"
