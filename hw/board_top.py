"""The accelerator behind a UART: what a board is built from."""

from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import cdc, wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from .stream_register import StreamRegister
from .top import Top
from .uart import UartReceiver, UartTransmitter

#: Reset after configuration: block RAM of iCE40 reads wrong for the first microseconds.
POWER_ON_SECONDS = 20e-6


class BoardTop(wiring.Component):
    """Top behind a UART, in a clock domain of its own with a power-on reset.

    The board gives the clock: its oscillator's, or that of a PLL it instantiates around this.
    Everything inside runs in the domain `core`; the domain around it is not used.

    Parameters
        geometry : of the accelerator
        divisor : clock cycles per bit of the UART
        clock_hz : of `clock`, told in the identity
        build : CRC-32 of the gateware, told in the identity
    """

    def __init__(self, geometry: Geometry, divisor: int, clock_hz: int, build: int = 0) -> None:
        self.geometry = geometry
        self.divisor = divisor
        self.clock_hz = clock_hz
        self.build = build
        #: Cycles of `clock` for which the domain is held in reset after configuration.
        self.power_on_cycles = max(16, round(clock_hz * POWER_ON_SECONDS))
        super().__init__(
            {
                #: Clock of everything inside.
                "clock": In(1),
                #: A button, asynchronous: 1 resets everything.
                "reset": In(1),
                #: UART pins, asynchronous, 1 when idle.
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                #: 1 while bytes pass, and for 2^20 cycles after: for an LED.
                "active": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the domain with its reset, and connect UART and Top."""
        m = Module()
        m.domains.power_on = ClockDomain(reset_less=True, local=True)
        m.domains.core = ClockDomain(local=True)
        counter = Signal(range(self.power_on_cycles + 1))
        counting, button = Signal(), Signal()
        held = Signal(init=1)
        m.submodules.button = cdc.FFSynchronizer(self.reset, button, o_domain="power_on")
        m.d.comb += [
            ClockSignal("power_on").eq(self.clock),
            ClockSignal("core").eq(self.clock),
            ResetSignal("core").eq(held),
            counting.eq(counter != self.power_on_cycles),
        ]
        m.d.power_on += [counter.eq(counter + counting), held.eq(counting | button)]

        in_core = DomainRenamer("core")
        receiver = UartReceiver(self.divisor)
        transmitter = UartTransmitter(self.divisor)
        top = Top(self.geometry, self.build, self.clock_hz)
        m.submodules.receiver = in_core(receiver)
        m.submodules.transmitter = in_core(transmitter)
        m.submodules.top = in_core(top)
        wiring.connect(m, receiver.bytes, top.rx)
        # So that the ring of the sender does not wait for the transmitter's timer.
        register = StreamRegister(8)
        m.submodules.register = in_core(register)
        wiring.connect(m, top.tx, register.w_stream)
        wiring.connect(m, register.r_stream, transmitter.bytes)
        m.d.comb += [
            receiver.pin.eq(self.rx),
            self.tx.eq(transmitter.pin),
        ]
        # Stretched to 2^20 cycles, so that an eye sees it.
        lit = Signal(20)
        with m.If(receiver.bytes.valid | transmitter.bytes.valid):
            m.d.core += lit.eq(~0)
        with m.Elif(self.active):
            m.d.core += lit.eq(lit - 1)
        m.d.comb += self.active.eq(lit != 0)
        return m
