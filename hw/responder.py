"""Bodies of replies: sequence, status and what was asked for."""

from enum import IntEnum

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from ..arch.packet import CONTRACT_VERSION, COUNTERS_BYTES, Identity, Status
from .layouts import BodyLayout, CountersLayout


class Content(IntEnum):
    """What follows the status."""

    NOTHING = 0
    #: The expected sequence number.
    EXPECTED = 1
    IDENTITY = 2
    #: Counters (with `counted`), then activation words.
    WORDS = 3


class Responder(wiring.Component):
    """Build the body of one reply.

    `latency` cycles from `start` to the sequence number, then one byte a cycle, but for words: a
    cycle and the memory's latency more for each.

    Parameters
        geometry : of the accelerator
        build, clock_hz : fields of the identity
    """

    latency = 1

    def __init__(self, geometry: Geometry, build: int = 0, clock_hz: int = 0) -> None:
        self.geometry = geometry
        self.identity = Identity(CONTRACT_VERSION, build, clock_hz, geometry)
        super().__init__(
            {
                #: Begin, in a cycle in which `idle` is 1.
                "start": In(1),
                #: Nothing is under way.
                "idle": Out(1),
                #: The reply. Held until `idle` is 1 again, but for `address` and `count`.
                "sequence": In(8),
                "status": In(range(max(Status) + 1)),
                "content": In(Content),
                "counted": In(1),
                "expected": In(8),
                "address": In(16),
                "count": In(16),
                #: Of the core, stable from `start` to the end where they are asked for.
                "counters": In(CountersLayout),
                #: Activation words: one address, then one word.
                "read_address": Out(stream.Signature(16)),
                "read_data": In(stream.Signature(8 * geometry.rows)),
                #: The reply's bytes.
                "body": Out(stream.Signature(BodyLayout)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the walk over the reply's parts."""
        m = Module()
        rows = self.geometry.rows
        identity = self.identity.pack()
        body = self.body.payload
        count = Signal(16)  # words to come
        index = Signal(range(max(2, len(identity), COUNTERS_BYTES, rows)))
        accepted = Signal()
        words = self.read_data
        m.d.comb += accepted.eq(self.body.valid & self.body.ready)
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [
                    count.eq(self.count),
                    self.read_address.payload.eq(self.address),
                    index.eq(0),
                ]
                with m.If(self.start):
                    m.next = "SEQUENCE"
            with m.State("SEQUENCE"):
                m.d.comb += [self.body.valid.eq(1), body.data.eq(self.sequence)]
                with m.If(accepted):
                    m.next = "STATUS"
            with m.State("STATUS"):
                m.d.comb += [self.body.valid.eq(1), body.data.eq(self.status)]
                with m.Switch(self.content):
                    with m.Case(Content.NOTHING):
                        m.d.comb += body.last.eq(1)
                        with m.If(accepted):
                            m.next = "IDLE"
                    with m.Case(Content.EXPECTED), m.If(accepted):
                        m.next = "EXPECTED"
                    with m.Case(Content.IDENTITY), m.If(accepted):
                        m.next = "IDENTITY"
                    with m.Case(Content.WORDS):
                        m.d.comb += body.last.eq(~self.counted & (count == 0))
                        with m.If(accepted):
                            m.next = "FETCH"
                            with m.If(count == 0):
                                m.next = "IDLE"
                            with m.If(self.counted):
                                m.next = "COUNTERS"
            with m.State("EXPECTED"):
                m.d.comb += [
                    self.body.valid.eq(1),
                    body.data.eq(self.expected),
                    body.last.eq(1),
                ]
                with m.If(accepted):
                    m.next = "IDLE"
            with m.State("IDENTITY"):
                m.d.comb += [self.body.valid.eq(1), body.last.eq(index == len(identity) - 1)]
                with m.Switch(index):
                    for position, byte in enumerate(identity):
                        with m.Case(position):
                            m.d.comb += body.data.eq(byte)
                with m.If(accepted):
                    m.d.sync += index.eq(index + 1)
                    with m.If(body.last):
                        m.next = "IDLE"
            with m.State("COUNTERS"):
                ends = index == COUNTERS_BYTES - 1
                m.d.comb += [
                    self.body.valid.eq(1),
                    body.data.eq(self.counters.as_value().word_select(index, 8)),
                    body.last.eq(ends & (count == 0)),
                ]
                with m.If(accepted):
                    m.d.sync += index.eq(index + 1)
                    with m.If(ends):
                        m.d.sync += index.eq(0)
                        m.next = "FETCH"
                    with m.If(body.last):
                        m.next = "IDLE"
            with m.State("FETCH"):
                m.d.comb += self.read_address.valid.eq(1)
                with m.If(self.read_address.ready):
                    m.d.sync += [
                        self.read_address.payload.eq(self.read_address.payload + 1),
                        count.eq(count - 1),
                    ]
                    m.next = "WORD"
            with m.State("WORD"):
                ends = index == rows - 1
                m.d.comb += [
                    self.body.valid.eq(words.valid),
                    body.data.eq(words.payload.word_select(index, 8)),
                    body.last.eq(ends & (count == 0)),
                    words.ready.eq(ends & self.body.ready),
                ]
                with m.If(accepted):
                    m.d.sync += index.eq(index + 1)
                    with m.If(ends):
                        m.d.sync += index.eq(0)
                        m.next = "FETCH"
                    with m.If(body.last):
                        m.next = "IDLE"
        return m
