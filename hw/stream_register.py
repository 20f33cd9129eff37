"""A register in the way of a stream."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ShapeLike
from amaranth.lib.wiring import In, Out


class StreamRegister(wiring.Component):
    """Pass a stream on, with registers in both directions.

    Latency `latency` cycles, one element a cycle. Two places: an element that has come in the cycle
    in which the output began to wait is kept in the second.

    Parameters
        shape : of an element
    """

    latency = 1

    def __init__(self, shape: ShapeLike) -> None:
        super().__init__(
            {
                #: Elements, and the same elements a cycle later at least.
                "w_stream": In(stream.Signature(shape)),
                "r_stream": Out(stream.Signature(shape)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the two places."""
        m = Module()
        before, after = self.w_stream, self.r_stream
        kept = Signal.like(before.payload, reset_less=True)
        full = Signal()
        m.d.comb += before.ready.eq(~full)
        with m.If(after.ready | ~after.valid):
            m.d.sync += [after.valid.eq(before.valid | full), full.eq(0)]
            with m.If(full):
                m.d.sync += after.payload.eq(kept)
            with m.Else():
                m.d.sync += after.payload.eq(before.payload)
        with m.Elif(before.valid & before.ready):
            m.d.sync += [kept.eq(before.payload), full.eq(1)]
        return m
