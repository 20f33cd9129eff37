"""A registered multiplier."""

from amaranth.hdl import Module, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from .parts import gowin, part_of


class Multiplier(wiring.Component):
    """Multiply two numbers through an input, a pipeline and an output register.

    The three registers are those of a DSP block, so that a part's own multiplier can stand in.
    Latency `latency` cycles, one product a cycle, never stalls.

    Parameters
        left, right : shapes of the operands
        number : among the array's multipliers, of which a part may have DSP blocks for some only;
            None for one that is always a DSP block
    """

    latency = timing.MULTIPLY

    def __init__(self, left: Shape, right: Shape, number: int | None = None) -> None:
        self.number = number
        width = left.width + right.width
        super().__init__(
            {
                #: Operands, taken every cycle.
                "left": In(left),
                "right": In(right),
                #: left * right of `latency` cycles ago.
                "product": Out(signed(width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Instance the part's multiplier, or build the three registers."""
        part = part_of(platform)
        if part.family == "gowin" and (self.number is None or part.is_dsp(self.number)):
            return gowin.multiplier(self.left, self.right, self.product)
        m = Module()
        left, right = Signal.like(self.left), Signal.like(self.right)
        pipeline = Signal.like(self.product)
        m.d.sync += [
            left.eq(self.left),
            right.eq(self.right),
            pipeline.eq(left * right),
            self.product.eq(pipeline),
        ]
        return m
