"""A registered multiplier."""

from amaranth.hdl import Module, Shape, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from .parts import ecp5, gowin, part_of, partial_sums


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
        """Build the three registers, of what the part has."""
        part = part_of(platform)
        operands = self.left, self.right, self.product
        if self.number is not None and not part.is_dsp(self.number):
            return partial_sums.multiplier(*operands)
        match part.family:
            case "ecp5":
                return ecp5.multiplier(*operands)
            case "gowin":
                return gowin.multiplier(*operands)
        m = Module()
        left = Signal.like(self.left, reset_less=True)
        right = Signal.like(self.right, reset_less=True)
        pipeline, product = (Signal.like(self.product, reset_less=True) for _ in range(2))
        m.d.sync += [
            left.eq(self.left),
            right.eq(self.right),
            pipeline.eq(left * right),
            product.eq(pipeline),
        ]
        m.d.comb += self.product.eq(product)
        return m
