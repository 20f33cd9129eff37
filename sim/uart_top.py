"""The accelerator behind a UART, with the host's end of it: a simulated board at a baud rate."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from ..hw.stream_register import StreamRegister
from ..hw.top import Top
from ..hw.uart import UartReceiver, UartTransmitter


class UartTop(wiring.Component):
    """Top between two UARTs, as hw.board_top has it, and their other ends.

    Parameters
        geometry : of the accelerator
        divisor : clock cycles per bit
        build : field of the identity
    """

    def __init__(self, geometry: Geometry, divisor: int, build: int = 0) -> None:
        self.geometry = geometry
        self.divisor = divisor
        self.build = build
        super().__init__(
            {
                #: Bytes that the host sends, and those that it receives.
                "rx": In(stream.Signature(8)),
                "tx": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Connect the ends."""
        m = Module()
        m.submodules.top = top = Top(self.geometry, self.build)
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        m.submodules.register = register = StreamRegister(8)
        m.submodules.host_receiver = host_receiver = UartReceiver(self.divisor)
        m.submodules.host_transmitter = host_transmitter = UartTransmitter(self.divisor)
        wiring.connect(m, wiring.flipped(self.rx), host_transmitter.bytes)
        wiring.connect(m, receiver.bytes, top.rx)
        wiring.connect(m, top.tx, register.w_stream)
        wiring.connect(m, register.r_stream, transmitter.bytes)
        wiring.connect(m, host_receiver.bytes, wiring.flipped(self.tx))
        m.d.comb += [
            receiver.pin.eq(host_transmitter.pin),
            host_receiver.pin.eq(transmitter.pin),
        ]
        return m
