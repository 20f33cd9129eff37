"""Frames in: COBS and CRC checked, whole bodies kept until they are asked for."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from ..arch.packet import CRC_BYTES, HEADER_BYTES, Opcode
from .byte_ring import ByteRing
from .cobs import CobsDecoder
from .layouts import BodyLayout


class FrameReceiver(wiring.Component):
    """Receive frames into a ring, and offer the bodies of the good ones.

    Each body stands in the ring behind the address of its end (two bytes). A frame that is damaged,
    or that the ring cannot hold, is rolled back and leaves no trace. A RESET is recognised beside
    the ring, so that it works when the ring is full, and empties it.

    Takes one byte a cycle, pauses `pause` cycles at most after the end of a frame and never waits
    for `body`. Offers a body `latency` cycles after the zero that ends its frame, one byte
    every `ByteRing.interval` cycles.

    Parameters
        link_bytes : size of the ring, a power of two
    """

    #: CHECK, two cycles to store the end, two to reserve the next frame's prefix.
    pause = 5
    #: CHECK, two cycles to store the end, its commitment, the ring, and both bytes of the end.
    latency = 1 + 2 + 1 + ByteRing.latency + 2 * ByteRing.interval

    def __init__(self, link_bytes: int) -> None:
        self.link_bytes = link_bytes
        super().__init__(
            {
                #: Bytes of the link.
                "encoded": In(stream.Signature(8)),
                #: Bytes of one body after the other: sequence, opcode, fields and data.
                "body": Out(stream.Signature(BodyLayout)),
                #: 1 for one cycle: a RESET has come. `body` is withdrawn.
                "reset": Out(1),
                #: Its sequence number, valid while `reset` is 1.
                "reset_sequence": Out(8),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the writer and the reader of the ring."""
        m = Module()
        m.submodules.decoder = decoder = CobsDecoder()
        m.submodules.ring = ring = ByteRing(self.link_bytes)
        wiring.connect(m, wiring.flipped(self.encoded), decoder.encoded)
        committed = Signal.like(ring.position)
        m.d.comb += [ring.committed.eq(committed), ring.flush.eq(self.reset)]
        self._writer(m, decoder, ring, committed)
        self._reader(m, ring)
        return m

    def _writer(self, m: Module, decoder: CobsDecoder, ring: ByteRing, committed: Signal) -> None:
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=8).create()
        tail, following = Signal.like(committed), Signal.like(committed)
        end = Signal.like(committed)  # of the body, then of what is committed
        # Counts to one more than a frame without fields.
        shortest = HEADER_BYTES + CRC_BYTES
        length = Signal(range(shortest + 2))
        bad, overflow, is_reset = Signal(), Signal(), Signal()
        claim = Signal()  # write a byte at the tail, where there is room
        event = decoder.decoded.payload
        m.d.comb += [
            following.eq(tail + 1),
            crc.data.eq(event.data),
            ring.write_address.eq(tail),
            ring.write_data.eq(event.data),
        ]
        m.d.sync += self.reset.eq(0)
        with m.If(claim):
            with m.If(following == ring.position):
                m.d.sync += overflow.eq(1)
            with m.Else():
                m.d.comb += ring.write_enable.eq(1)
                m.d.sync += tail.eq(following)
        with m.FSM():
            with m.State("RESERVE_LOW"):
                # The ring is emptied in the cycle of a reset: only then is there room for sure.
                m.d.comb += [claim.eq(~self.reset), crc.start.eq(1)]
                m.d.sync += length.eq(0)
                with m.If(~self.reset):
                    m.next = "RESERVE_HIGH"
            with m.State("RESERVE_HIGH"):
                m.d.comb += claim.eq(1)
                m.next = "BODY"
            with m.State("BODY"):
                m.d.comb += decoder.decoded.ready.eq(1)
                with m.If(decoder.decoded.valid & event.end):
                    m.d.sync += bad.eq(event.damaged)
                    m.next = "CHECK"
                with m.Elif(decoder.decoded.valid):
                    m.d.comb += [claim.eq(1), crc.valid.eq(1)]
                    with m.If(length <= shortest):
                        m.d.sync += length.eq(length + 1)
                    with m.If(length == 0):
                        m.d.sync += self.reset_sequence.eq(event.data)
                    with m.If(length == 1):
                        m.d.sync += is_reset.eq(event.data == Opcode.RESET)
            with m.State("CHECK"):
                m.d.sync += [
                    end.eq(tail - CRC_BYTES),
                    tail.eq(committed),
                    overflow.eq(0),
                ]
                m.next = "RESERVE_LOW"
                with m.If(crc.match_detected & ~bad & (length >= shortest)):
                    with m.If(is_reset & (length == shortest)):
                        m.d.sync += self.reset.eq(1)
                    with m.Elif(~overflow):
                        m.next = "STORE_LOW"
            with m.State("STORE_LOW"):
                m.d.comb += [claim.eq(1), ring.write_data.eq(end[:8])]
                m.next = "STORE_HIGH"
            with m.State("STORE_HIGH"):
                m.d.comb += [claim.eq(1), ring.write_data.eq(end[8:])]
                m.d.sync += [committed.eq(end), tail.eq(end)]
                m.next = "RESERVE_LOW"

    def _reader(self, m: Module, ring: ByteRing) -> None:
        end = Signal.like(ring.position)
        byte = ring.bytes
        m.d.comb += [
            self.body.payload.data.eq(byte.payload),
            self.body.payload.last.eq(ring.behind == end),
        ]
        with m.FSM():
            with m.State("END_LOW"):
                m.d.comb += byte.ready.eq(1)
                m.d.sync += end[:8].eq(byte.payload)
                with m.If(byte.valid & ~self.reset):
                    m.next = "END_HIGH"
            with m.State("END_HIGH"):
                m.d.comb += byte.ready.eq(1)
                m.d.sync += end[8:].eq(byte.payload)
                with m.If(byte.valid):
                    m.next = "BODY"
                with m.If(self.reset):
                    m.next = "END_LOW"
            with m.State("BODY"):
                m.d.comb += [self.body.valid.eq(byte.valid), byte.ready.eq(self.body.ready)]
                with m.If(byte.valid & byte.ready & self.body.payload.last):
                    m.next = "END_LOW"
                with m.If(self.reset):
                    m.next = "END_LOW"
