"""Frames out: bodies followed by their CRC, in COBS."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from ..arch.packet import CRC_BYTES
from .cobs import CobsEncoder
from .layouts import BodyLayout


class FrameSender(wiring.Component):
    """Send each body as a frame.

    Takes one byte a cycle, and pauses `pause` cycles at least after each body; the bytes of a
    frame leave as COBS blocks are complete (see CobsEncoder).
    """

    #: The CRC, and the two cycles in which the encoder closes the frame.
    pause = CRC_BYTES + 2

    def __init__(self) -> None:
        super().__init__(
            {
                #: Bytes of one body after the other: sequence, status and payload.
                "body": In(stream.Signature(BodyLayout)),
                #: Bytes of the link.
                "encoded": Out(stream.Signature(8)),
                #: 1: the body under way ends here. It arrives as a damaged frame.
                "abort": In(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the encoder, and what adds the CRC in front of it."""
        m = Module()
        m.submodules.encoder = encoder = CobsEncoder()
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=8).create()
        wiring.connect(m, wiring.flipped(self.encoded), encoder.encoded)
        index = Signal(range(CRC_BYTES))
        started = Signal()
        byte = encoder.body.payload
        accepted = Signal()
        m.d.comb += [
            accepted.eq(encoder.body.valid & encoder.body.ready),
            encoder.abort.eq(self.abort & started),
            crc.data.eq(self.body.payload.data),
        ]
        with m.FSM():
            with m.State("BODY"):
                m.d.comb += [
                    byte.data.eq(self.body.payload.data),
                    encoder.body.valid.eq(self.body.valid & ~self.abort),
                    self.body.ready.eq(encoder.body.ready & ~self.abort),
                    crc.valid.eq(accepted),
                ]
                with m.If(accepted):
                    m.d.sync += started.eq(1)
                    with m.If(self.body.payload.last):
                        m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [
                    byte.data.eq(crc.crc.word_select(index, 8)),
                    byte.last.eq(index == CRC_BYTES - 1),
                    encoder.body.valid.eq(~self.abort),
                ]
                with m.If(accepted):
                    m.d.sync += index.eq(index + 1)
                    with m.If(byte.last):
                        m.d.comb += crc.start.eq(1)
                        m.d.sync += started.eq(0)
                        m.next = "BODY"
                with m.If(self.abort):
                    m.next = "BODY"
        with m.If(self.abort):
            m.d.comb += crc.start.eq(1)
            m.d.sync += [started.eq(0), index.eq(0)]
        return m
