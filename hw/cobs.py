"""COBS: byte stuffing that keeps zero for the end of a frame (Cheshire & Baker 1999)."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch.packet import COBS_BLOCK
from .byte_ring import ByteRing
from .layouts import BodyLayout

#: A decoded byte, or the end of a frame: then `data` is void and `damaged` tells of a cut block.
DecodedLayout = data.StructLayout({"data": 8, "end": 1, "damaged": 1})


class CobsDecoder(wiring.Component):
    """Decode COBS, one event for each byte but the first of a frame and full blocks' codes.

    Latency 0: an event is offered in the cycle in which its byte is. One byte a cycle, also those
    without event: where none is taken, a byte is held back, so that no byte decides about it.
    """

    latency = 0

    def __init__(self) -> None:
        super().__init__(
            {
                #: Encoded bytes, with the zero after each frame.
                "encoded": In(stream.Signature(8)),
                #: Bytes of the frame, then its end.
                "decoded": Out(stream.Signature(DecodedLayout)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the count of bytes left in the block."""
        m = Module()
        remaining = Signal(8)  # bytes of the block still to come
        is_code = Signal(init=1)  # there are none: a code comes
        stuffed = Signal()  # a zero stands between the block and the next one
        byte, event = self.encoded.payload, self.decoded.payload
        is_zero, silent = Signal(), Signal()
        m.d.comb += [
            is_zero.eq(byte == 0),
            silent.eq(is_code & ~is_zero & ~stuffed),
            # Where a code stands, the zero between the block and the next one is meant.
            event.data.eq(Mux(is_code, 0, byte)),
            event.end.eq(is_zero),
            event.damaged.eq(~is_code),
            self.decoded.valid.eq(self.encoded.valid & ~silent),
            self.encoded.ready.eq(self.decoded.ready),
        ]
        with m.If(self.encoded.valid & self.encoded.ready):
            with m.If(is_zero):
                m.d.sync += [remaining.eq(0), is_code.eq(1), stuffed.eq(0)]
            with m.Elif(is_code):
                m.d.sync += [
                    remaining.eq(byte - 1),
                    is_code.eq(byte == 1),
                    stuffed.eq(byte <= COBS_BLOCK),
                ]
            with m.Else():
                m.d.sync += [remaining.eq(remaining - 1), is_code.eq(remaining == 1)]
        return m


class CobsEncoder(wiring.Component):
    """Encode frames as COBS, each with its closing zero.

    A block waits in a ring until its length is known. Takes one byte a cycle while the ring has
    room, one cycle more after each full block and two after each frame; offers one byte every
    `ByteRing.interval` cycles, from `latency` cycles after the byte that ends a block (a zero, the
    254th, or the last; the last but one cycle later).
    """

    latency = 1 + ByteRing.latency
    #: Bytes in the ring: a whole block must fit; one iCE40 block RAM.
    depth = 512

    def __init__(self) -> None:
        super().__init__(
            {
                #: Bytes of the frame.
                "body": In(stream.Signature(BodyLayout)),
                #: Encoded bytes, with the zero after each frame.
                "encoded": Out(stream.Signature(8)),
                #: The frame under way ends here, in the cycle in which this is 1: a zero follows.
                "abort": In(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the block under way: its code at `head` is written when it is complete."""
        m = Module()
        m.submodules.ring = ring = ByteRing(self.depth)
        wiring.connect(m, wiring.flipped(self.encoded), ring.bytes)
        head = Signal.like(ring.position)
        tail = Signal.like(ring.position, init=1)
        following = Signal.like(tail)
        code = Signal(8, init=1)
        room = Signal(init=1)
        closing, zero, ended = Signal(), Signal(), Signal()
        accepted = Signal()
        byte = self.body.payload
        m.d.comb += [
            ring.committed.eq(head),
            following.eq(tail + 1),
            ring.write_address.eq(tail),
            ring.write_data.eq(byte.data),
        ]
        # Places behind the tail: position - tail - 1, with one adder. A register tells of room,
        # while one of them may be taken.
        free = Signal.like(tail)
        m.d.comb += free.eq(ring.position + ~tail)
        m.d.sync += room.eq(free > 1)
        with m.FSM():
            with m.State("FILL"):
                m.d.comb += [
                    self.body.ready.eq(room & ~self.abort),
                    accepted.eq(self.body.valid & self.body.ready),
                    ring.write_enable.eq(accepted),
                ]
                with m.If(accepted):
                    m.d.sync += ended.eq(byte.last)
                    with m.If(byte.data == 0):
                        m.d.comb += closing.eq(1)
                    with m.Else():
                        m.d.sync += [tail.eq(following), code.eq(code + 1)]
                    with m.If(byte.last):
                        m.next = "LAST"
                    with m.If((byte.data != 0) & (code == COBS_BLOCK)):
                        m.next = "FULL"
                with m.If(self.abort):
                    m.next = "LAST"
            with m.State("FULL"):
                m.d.comb += closing.eq(room)
                with m.If(self.abort):
                    m.d.sync += ended.eq(1)
                with m.If(room):
                    m.next = "FILL"
                    with m.If(ended | self.abort):
                        m.next = "LAST"
            with m.State("LAST"):
                m.d.comb += closing.eq(room)
                with m.If(room):
                    m.next = "ZERO"
            with m.State("ZERO"):
                m.d.comb += [closing.eq(room), zero.eq(1)]
                with m.If(room):
                    m.next = "FILL"
        with m.If(closing):
            # The slot at the tail is kept for the code of the next block, or for the zero.
            m.d.comb += [
                ring.write_enable.eq(1),
                ring.write_address.eq(head),
                ring.write_data.eq(Mux(zero, 0, code)),
            ]
            m.d.sync += [head.eq(tail), tail.eq(following), code.eq(1)]
        return m
