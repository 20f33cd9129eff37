"""The netlist simulator, against Amaranth's simulator and the simulated board."""

import random
from collections.abc import Sequence

import netlists
import pytest
from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, Signal, signed
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from otus.arch.geometry import Geometry
from otus.arch.packet import Opcode, frame, request
from otus.hw.board_top import BoardTop
from otus.hw.top import Top
from otus.sim.board import SimLink
from otus.sim.cxxrtl import Stop
from otus.sim.netlist.circuit import NetlistError
from otus.sim.netlist.link import NetlistLink
from otus.sim.netlist.simulation import Simulation


class Everything(wiring.Component):
    """Registers with enables and resets, both edges, a clock of its own, memories, a product."""

    a: In(8)
    b: In(8)
    go: In(1)
    total: Out(16)
    product: Out(signed(17))
    stored: Out(8)
    slow: Out(8)
    falling: Out(8)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.domains.falling = ClockDomain(clk_edge="neg", local=True, reset_less=True)
        m.domains.slow = ClockDomain(local=True, reset_less=True)
        m.d.comb += ClockSignal("falling").eq(ClockSignal())
        divider = Signal(2)
        m.d.sync += divider.eq(divider + 1)
        m.d.comb += ClockSignal("slow").eq(divider[1])
        with m.If(self.go):
            m.d.sync += self.total.eq(self.total + self.a * self.b)
        m.d.sync += self.product.eq(self.a.as_signed() * self.b)
        m.d.falling += self.falling.eq(self.a ^ self.b)
        m.d.slow += self.slow.eq(self.slow + self.total[:8])
        m.submodules.memory = cells = memory.Memory(shape=8, depth=13, init=range(7, 20))
        write, read = cells.write_port(granularity=4), cells.read_port()
        m.d.comb += [
            write.addr.eq(self.a[:4]),
            write.data.eq(self.b),
            write.en.eq(Cat(self.go, self.b[0])),
            read.addr.eq(self.b[:4]),
            self.stored.eq(read.data),
        ]
        return m


OUTPUTS = ("total", "product", "stored", "slow")


def reference(rows: Sequence[tuple[int, int, int]]) -> list[tuple[int, ...]]:
    """Outputs of each row after its clock edge, in Amaranth's simulator."""
    design = Everything()
    seen: list[tuple[int, ...]] = []

    async def bench(ctx: object) -> None:
        for a, b, go in rows:
            ctx.set(design.a, a)
            ctx.set(design.b, b)
            ctx.set(design.go, go)
            await ctx.tick()
            seen.append(tuple(ctx.get(getattr(design, n)) & 0x1FFFF for n in OUTPUTS))

    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


@pytest.fixture(scope="module", params=["proc", "synth -run begin:fine; memory_map; opt; techmap"])
def everything(request: pytest.FixtureRequest) -> object:
    return netlists.synthesise(Everything(), f"{request.param}; flatten; opt_clean")


def test_every_kind_of_cell_does_what_amaranths_simulator_does(everything: object) -> None:
    simulation = netlists.simulate(everything, "generic")
    rng = random.Random(5)
    rows = [(rng.getrandbits(8), rng.getrandbits(8), rng.getrandbits(1)) for _ in range(400)]
    for (a, b, go), values in zip(rows, reference(rows), strict=True):
        for name, value in (("a", a), ("b", b), ("go", go)):
            simulation.set(name, value)
        simulation.tick()
        assert tuple(simulation.get(n) for n in OUTPUTS) == values
        # The whole cycle is over here, its second edge too.
        assert simulation.get("falling") == a ^ b
    assert simulation.cycles == 400
    simulation.close()


SMALL = Geometry(
    2, 2, weight_words=16, activation_words=16, parameter_words=8, program_words=16, link_bytes=512
)


def talk(link: NetlistLink | SimLink) -> list[tuple[int, bytes]]:
    """Send requests; return each reply with the cycle of its end."""
    replies = []
    for number, body in enumerate(
        (
            request(0, Opcode.RESET),
            request(1, Opcode.WRITE, 0, 3, data=b"abcd"),
            request(2, Opcode.READ, 0, 3, 2),
        )
    ):
        link.write(frame(body))
        received = b""
        while not received.endswith(b"\0"):
            more = link.read(1, 20)
            assert more, f"no reply to request {number}"
            received += more
        replies.append((link.cycles, received))
    return replies


#: One module of small cells, none of which has a port without bits: JSON would lose it.
FLATTENED = "synth -flatten -run begin:fine; memory_map; opt; techmap"


def test_streams_take_the_same_cycles_as_the_simulated_board() -> None:
    simulation = netlists.simulate(
        netlists.synthesise(Top(SMALL), FLATTENED),
        "generic",
    )
    simulation.streams()
    found, expected = talk(NetlistLink(simulation)), talk(SimLink(SMALL, "cxxrtl"))
    # The simulated board has another build hash.
    assert [cycles for cycles, _ in found][1:] == [cycles for cycles, _ in expected][1:]
    assert [reply for _, reply in found][1:] == [reply for _, reply in expected][1:]


def test_a_uart_says_the_same_as_the_streams() -> None:
    design = BoardTop(SMALL, divisor=5, clock_hz=1_000_000)
    board = netlists.simulate(
        netlists.synthesise(design, FLATTENED),
        "generic",
        "clock",
    )
    board.uart("rx", "tx", 5)
    board.tick(100)
    found = [reply for _, reply in talk(NetlistLink(board))]
    expected = [reply for _, reply in talk(SimLink(SMALL, "cxxrtl"))]
    assert found[1:] == expected[1:]


@pytest.fixture
def echo() -> Simulation:
    simulation = netlists.simulate(
        netlists.synthesise(
            netlists.Echo(), "synth -flatten -run begin:fine; memory_map; opt; techmap"
        ),
        "generic",
    )
    simulation.uart("rx", "tx", 7)
    return simulation


def test_silence_is_steady_and_a_limit_is_kept(echo: Simulation) -> None:
    assert echo.run(b"", 1, 1_000_000) == (0, b"", Stop.STEADY)
    before = echo.cycles
    assert before < 10
    assert echo.run(b"\x55" * 10, 1, 77) == (2, b"", Stop.LIMIT)
    assert echo.cycles == before + 77
    # The byte that was being sent ends; what comes back is one byte and then silence.
    taken, received, stop = echo.run(b"", 9, 10_000)
    assert (taken, received[:1], stop) == (0, b"\x56", Stop.STEADY)


def test_a_character_without_a_stop_bit_is_dropped(echo: Simulation) -> None:
    echo.stick(echo.circuit.ports["tx"][0], 0)
    assert echo.run(b"\x55", 1, 1_000)[1] == b""


def test_faults_are_seen(echo: Simulation) -> None:
    # The sum's lowest bit stuck: 0x55 + 1 = 0x56 still, 0x56 + 1 = 0x57 becomes 0x56.
    nets = echo.circuit.names["transmitter.bytes__payload"]
    echo.stick(nets[0], 0)
    assert echo.run(b"\x55", 1, 1_000)[1] == b"\x56"
    assert echo.run(b"\x56", 1, 1_000)[1] == b"\x56"


def test_a_node_can_be_rewritten(echo: Simulation) -> None:
    net = echo.circuit.names["transmitter.bytes__payload"][0]
    node = next(i for i, n in enumerate(echo.circuit.nodes) if n.outputs == [net])
    # Lowest bit of the sum: the inverse of its only input; now a copy.
    assert echo.circuit.nodes[node].table & 3 == 0b01
    echo.rewrite(node, 0b10)
    assert echo.run(b"\x55", 1, 1_000)[1] == b"\x57"


def test_what_moved_is_told_once(echo: Simulation) -> None:
    payload, tx = (echo.circuit.names[n] for n in ("transmitter.bytes__payload", "tx"))
    echo.run(b"", 1, 100)
    echo.moved()
    echo.tick(3)
    # The clock alone: nothing comes in.
    assert echo.moved() == {*echo.circuit.ports["clk"]}
    assert echo.run(b"\x54", 1, 1_000)[1] == b"\x55"
    moved = echo.moved()
    assert {*tx, payload[2]} <= moved
    # The lowest bit: of 0 + 1 it was 1, of 0x54 + 1 it is 1.
    assert not moved & {0, 1, payload[0]}
    assert echo.moved() == set()


def test_a_stuck_net_never_moves(echo: Simulation) -> None:
    net = echo.circuit.names["transmitter.bytes__payload"][0]
    echo.stick(net, 0)
    echo.moved()
    echo.run(b"\x54", 1, 1_000)
    assert net not in echo.moved()


def test_a_port_that_is_not_there_is_named(echo: Simulation) -> None:
    with pytest.raises(
        NetlistError, match=r"no port rts of 1 bits, but \['clk', 'rst', 'rx', 'tx'\]"
    ):
        echo.uart("rts", "tx", 5)


def test_a_closed_simulation_refuses(everything: object) -> None:
    simulation = netlists.simulate(everything, "generic")
    simulation.close()
    simulation.close()
    with pytest.raises(ValueError, match="the simulation is closed"):
        simulation.tick()
