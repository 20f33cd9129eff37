"""The compiled simulation of a small design, and the same design in Amaranth's own simulator."""

import random

import pytest
from amaranth import Module, Signal
from amaranth.hdl import Mux
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from otus.sim import cxxrtl, interpreter, toolchain
from otus.sim.cxxrtl import FeedbackError, Stop


class Adder(wiring.Component):
    """Send each byte plus those before it, through a queue; byte 255 starts 1,000 silent cycles."""

    rx: In(stream.Signature(8))
    tx: Out(stream.Signature(8))

    def __init__(self, feedback: bool = False) -> None:
        self.feedback = feedback
        super().__init__()

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=8, depth=8)
        total, wait = Signal(8), Signal(10)
        wiring.connect(m, queue.r_stream, wiring.flipped(self.tx))
        m.d.comb += [
            queue.w_data.eq(total + self.rx.payload),
            queue.w_en.eq(self.rx.valid & (wait == 0)),
            self.rx.ready.eq(queue.w_rdy & (wait == 0)),
        ]
        with m.If(wait):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(self.rx.valid & self.rx.ready):
            m.d.sync += total.eq(queue.w_data)
            with m.If(self.rx.payload == 255):
                m.d.sync += wait.eq(1000)
        if self.feedback:
            loop = Signal(8)
            m.d.comb += loop.eq(Mux(self.rx.valid, loop + 1, 0))
            m.d.comb += self.tx.payload.eq(loop)
        return m


@pytest.fixture(scope="module")
def library() -> object:
    return cxxrtl.compile_design(Adder, "tests.sim.test_cxxrtl.Adder 1")


def sums(data: bytes) -> bytes:
    total, out = 0, bytearray()
    for byte in data:
        total = (total + byte) % 256
        out.append(total)
    return bytes(out)


@pytest.mark.parametrize("engine", ["cxxrtl", "python"])
def test_bytes_go_through_in_batches_of_any_size(engine: str, library) -> None:
    rng = random.Random(7)
    data = rng.randbytes(600)
    run = cxxrtl.Simulation(library) if engine == "cxxrtl" else interpreter.Simulation(Adder())
    out, pending = bytearray(), data
    for _ in range(10_000):
        taken, received, _ = run.run(pending, rng.randint(1, 50), rng.choice((1, 7, 300)))
        pending = pending[taken:]
        out += received
        if len(out) == len(data):
            break
    assert bytes(out) == sums(data)
    run.close()


def test_both_engines_count_the_same_cycles(library) -> None:
    compiled, interpreted = cxxrtl.Simulation(library), interpreter.Simulation(Adder())
    data = bytes((1, 2, 255, 3))
    for run in (compiled, interpreted):
        assert run.run(data, 4, 5_000)[1] == sums(data[:3])
        assert run.run(data[3:], 1, 5_000) == (1, sums(data)[3:], Stop.FULL)
    assert compiled.cycles == interpreted.cycles


def test_it_stops_when_nothing_can_happen(library) -> None:
    run = cxxrtl.Simulation(library)
    taken, received, stop = run.run(b"", 10, 1_000_000)
    assert (taken, received, stop) == (0, b"", Stop.STEADY)
    assert run.cycles < 10
    assert run.run(b"\xff", 10, 1_000_000) == (1, b"\xff", Stop.QUIET)
    assert run.cycles < 100
    # The rest of the 1,000 silent cycles is worked off, and not one more.
    assert run.run(b"", 10, 1_000_000) == (0, b"", Stop.STEADY)
    assert 1_000 < run.cycles < 1_020


def test_a_limit_of_cycles_is_kept(library) -> None:
    run = cxxrtl.Simulation(library)
    run.run(b"\xff", 1, 1_000)
    before = run.cycles
    assert run.run(b"\x01", 1, 100) == (0, b"", Stop.LIMIT)
    assert run.cycles == before + 100


def test_two_simulations_are_independent(library) -> None:
    one, two = cxxrtl.Simulation(library), cxxrtl.Simulation(library)
    one.run(b"\x05", 1, 100)
    assert two.run(b"\x01", 1, 100)[1] == b"\x01"


def test_a_closed_simulation_refuses(library) -> None:
    run = cxxrtl.Simulation(library)
    run.close()
    run.close()
    with pytest.raises(ValueError, match="the simulation is closed"):
        run.run(b"", 1, 1)


def test_a_combinational_loop_is_refused() -> None:
    library = cxxrtl.compile_design(lambda: Adder(feedback=True), "tests.sim.test_cxxrtl.loop 1")
    with pytest.raises(FeedbackError, match="combinational loop"):
        cxxrtl.Simulation(library).run(b"\x01\x02", 2, 100)


def test_what_takes_long_is_told(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTUS_CACHE", str(tmp_path))
    told: list[str] = []
    cxxrtl.compile_design(Adder, "key", told.append)
    assert told[-1].startswith("compiling the simulator (once, with ")
    told.clear()
    cxxrtl.compile_design(Adder, "key", told.append)
    assert told == []


def test_the_packaged_compiler_works(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTUS_CACHE", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    toolchain.find_compiler.cache_clear()
    told: list[str] = []
    try:
        library = cxxrtl.compile_design(Adder, "key", told.append)
    finally:
        toolchain.find_compiler.cache_clear()
    assert told[0] == "no C++ compiler on PATH: using the one in the ziglang package"
    assert cxxrtl.Simulation(library).run(b"\x05", 1, 100) == (1, b"\x05", Stop.FULL)
