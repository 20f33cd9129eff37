"""The dot product of one column: a multiplier for each lane and a tree of registered adders."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from .multiplier import Multiplier


class DotProduct(wiring.Component):
    """Sum the products of `rows` activations and weights.

    Latency `latency` cycles, one sum a cycle, never stalls.

    Parameters
        number : of this dot product in the array, column * positions + position
    """

    def __init__(self, geometry: Geometry, number: int = 0) -> None:
        self.geometry = geometry
        self.number = number
        self.rows = geometry.rows
        self.latency = timing.dot_product(geometry)
        word = data.ArrayLayout(signed(8), self.rows)
        super().__init__(
            {
                #: int8 of each lane, taken every cycle.
                "activations": In(word),
                "weights": In(word),
                #: Sum of the products of `latency` cycles ago.
                "sum": Out(signed(16 + (self.rows - 1).bit_length())),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build multipliers and adder tree."""
        m = Module()
        level = []
        columns = self.geometry.columns * self.geometry.positions
        for lane in range(self.rows):
            # Numbered across the columns, so that each has its share of the DSP blocks.
            m.submodules[f"multiplier_{lane}"] = multiplier = Multiplier(
                signed(8), signed(8), lane * columns + self.number
            )
            m.d.comb += [
                multiplier.left.eq(self.activations[lane]),
                multiplier.right.eq(self.weights[lane]),
            ]
            level.append(multiplier.product)
        depth = 0
        while len(level) > 1:
            depth += 1
            pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
            level = []
            for index, pair in enumerate(pairs):
                node = Signal(signed(16 + depth), name=f"sum_{depth}_{index}")
                m.d.sync += node.eq(sum(pair[1:], start=pair[0]))
                level.append(node)
        m.d.comb += self.sum.eq(level[0])
        return m
