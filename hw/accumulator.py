"""The accumulator of one column and position, with the running maximum of max pooling."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry

#: What a sum is to the accumulator.
Control = data.StructLayout(
    {
        "valid": 1,  # there is a sum in this cycle
        "first": 1,  # it starts a reduction
        "last": 1,  # it ends a reduction
        "fresh": 1,  # the reduction is the first of its pooled window
    }
)


class Accumulator(wiring.Component):
    """Accumulate sums over a reduction, and keep the maximum over a window of reductions.

    Max pooling comes before requantisation, which is monotone: the result is the same, and the
    requantise lanes have less to do. Latency `latency` cycles, one sum a cycle, never stalls;
    `pooled` holds until the next reduction ends.
    """

    latency = timing.ACCUMULATE

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(
            {
                #: A sum of products, taken where `control.valid` is 1 in the same cycle.
                "sum": In(signed(16 + (geometry.rows - 1).bit_length())),
                #: What the sum is.
                "control": In(Control),
                #: Maximum over the window so far; wraps at accumulator_bits.
                "pooled": Out(signed(geometry.accumulator_bits)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build accumulator and maximum."""
        m = Module()
        total = Signal.like(self.pooled, reset_less=True)
        ended, fresh = Signal(), Signal()
        m.d.sync += [
            ended.eq(self.control.valid & self.control.last),
            fresh.eq(self.control.fresh),
        ]
        with m.If(self.control.valid):
            m.d.sync += total.eq(Mux(self.control.first, self.sum, total + self.sum))
        # Kept inverted, so that the comparison is a carry chain without inverters in front:
        # total - pooled - 1.
        inverted = Signal.like(self.pooled, init=-1, reset_less=True)
        difference = Signal(signed(len(total) + 1))
        m.d.comb += [difference.eq(total + inverted), self.pooled.eq(~inverted)]
        with m.If(ended & (fresh | (difference >= 0))):
            m.d.sync += inverted.eq(~total)
        return m
