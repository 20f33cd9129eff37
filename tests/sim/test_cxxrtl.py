"""The compiled simulation of a small design, and the same design in Amaranth's own simulator."""

import random
from pathlib import Path

import pytest
from amaranth import Module, Signal
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from otus.sim import cxxrtl, interpreter, toolchain
from otus.sim.cxxrtl import Stop


class Adder(wiring.Component):
    """Send each byte plus those before it, through a queue; byte 255 starts 1,000 silent cycles.

    Parameters
        ripple : add bit by bit, so that the bits of one vector depend on one another
    """

    rx: In(stream.Signature(8))
    tx: Out(stream.Signature(8))

    def __init__(self, ripple: bool = False) -> None:
        self.ripple = ripple
        super().__init__()

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=8, depth=8)
        total, wait = Signal(8), Signal(10)
        if self.ripple:
            carry, value = Signal(9), Signal(8)
            for bit in range(8):
                a, b = total[bit], self.rx.payload[bit]
                m.d.comb += value[bit].eq(a ^ b ^ carry[bit])
                m.d.comb += carry[bit + 1].eq((a & b) | (carry[bit] & (a | b)))
        else:
            value = total + self.rx.payload
        wiring.connect(m, queue.r_stream, wiring.flipped(self.tx))
        m.d.comb += [
            queue.w_data.eq(value),
            queue.w_en.eq(self.rx.valid & (wait == 0)),
            self.rx.ready.eq(queue.w_rdy & (wait == 0)),
        ]
        with m.If(wait):
            m.d.sync += wait.eq(wait - 1)
        with m.Elif(self.rx.valid & self.rx.ready):
            m.d.sync += total.eq(queue.w_data)
            with m.If(self.rx.payload == 255):
                m.d.sync += wait.eq(1000)
        return m


@pytest.fixture(scope="module", params=[False, True], ids=["word", "ripple"])
def library(request: pytest.FixtureRequest) -> Path:
    return cxxrtl.compile_design(
        lambda: Adder(request.param), f"tests.sim.test_cxxrtl.Adder 2 {request.param}"
    )


def sums(data: bytes) -> bytes:
    total, out = 0, bytearray()
    for byte in data:
        total = (total + byte) % 256
        out.append(total)
    return bytes(out)


@pytest.mark.parametrize("engine", ["cxxrtl", "python"])
def test_bytes_go_through_in_batches_of_any_size(engine: str, library: Path) -> None:
    rng = random.Random(7)
    data = rng.randbytes(600)
    run = cxxrtl.Simulation(library) if engine == "cxxrtl" else interpreter.Simulation(Adder)
    out, pending = bytearray(), data
    for _ in range(10_000):
        taken, received, _ = run.run(pending, rng.randint(1, 50), rng.choice((1, 7, 300)))
        pending = pending[taken:]
        out += received
        if len(out) == len(data):
            break
    assert bytes(out) == sums(data)
    run.close()


def test_both_engines_count_the_same_cycles(library: Path) -> None:
    compiled, interpreted = cxxrtl.Simulation(library), interpreter.Simulation(Adder)
    data = bytes((1, 2, 255, 3))
    for run in (compiled, interpreted):
        assert run.run(data, 4, 5_000)[1] == sums(data[:3])
        assert run.run(data[3:], 1, 5_000) == (1, sums(data)[3:], Stop.FULL)
    assert compiled.cycles == interpreted.cycles


def test_it_stops_when_nothing_can_happen(library: Path) -> None:
    run = cxxrtl.Simulation(library)
    taken, received, stop = run.run(b"", 10, 1_000_000)
    assert (taken, received, stop) == (0, b"", Stop.STEADY)
    assert run.cycles < 10
    assert run.run(b"\xff", 10, 1_000_000) == (1, b"\xff", Stop.QUIET)
    assert run.cycles < 100
    # The rest of the 1,000 silent cycles is worked off, and not one more.
    assert run.run(b"", 10, 1_000_000) == (0, b"", Stop.STEADY)
    assert 1_000 < run.cycles < 1_020


def test_a_limit_of_cycles_is_kept(library: Path) -> None:
    run = cxxrtl.Simulation(library)
    run.run(b"\xff", 1, 1_000)
    before = run.cycles
    assert run.run(b"\x01", 1, 100) == (0, b"", Stop.LIMIT)
    assert run.cycles == before + 100


def test_two_simulations_are_independent(library: Path) -> None:
    one, two = cxxrtl.Simulation(library), cxxrtl.Simulation(library)
    one.run(b"\x05", 1, 100)
    assert two.run(b"\x01", 1, 100)[1] == b"\x01"


def test_a_closed_simulation_refuses(library: Path) -> None:
    run = cxxrtl.Simulation(library)
    run.close()
    run.close()
    with pytest.raises(ValueError, match="the simulation is closed"):
        run.run(b"", 1, 1)


def test_what_takes_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTUS_CACHE", str(tmp_path))
    told: list[str] = []
    cxxrtl.compile_design(Adder, "key", told.append)
    assert told[-1].startswith("compiling the simulator (once, with ")
    told.clear()
    cxxrtl.compile_design(Adder, "key", told.append)
    assert told == []


def test_the_packaged_compiler_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
