"""The dot product of one column: a multiplier for each lane and a tree of registered adders."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from .delay import delayed
from .multiplier import Multiplier
from .parts import Part, part_of
from .parts.ice40 import DualMultiplier


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

    def elaborate(self, platform: object) -> Module:
        """Build multipliers and adder tree."""
        m = Module()
        level = [
            delayed(m, product, timing.wire_registers(self.geometry), "product", reset_less=True)
            for product in self._products(m, part_of(platform))
        ]
        depth = 0
        while len(level) > 1:
            depth += 1
            pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
            level = []
            for index, pair in enumerate(pairs):
                node = Signal(signed(16 + depth), name=f"sum_{depth}_{index}", reset_less=True)
                m.d.sync += node.eq(sum(pair[1:], start=pair[0]))
                level.append(node)
        m.d.comb += self.sum.eq(level[0])
        return m

    def _products(self, m: Module, part: Part) -> list[Signal]:
        """Build the multipliers: one for each lane, or for two lanes where the part's are wide."""
        columns = self.geometry.columns * self.geometry.positions
        # Numbered across the columns, so that each has its share of the DSP blocks.
        numbers = [lane * columns + self.number for lane in range(self.rows)]
        products: list[Signal] = []
        lane = 0
        while lane < self.rows:
            pair = numbers[lane : lane + 2]
            if part.family == "ice40" and len(pair) == 2 and all(map(part.is_dsp, pair)):
                m.submodules[f"multiplier_{lane}"] = dual = DualMultiplier()
                for index in range(2):
                    m.d.comb += [
                        dual.left[index].eq(self.activations[lane + index]),
                        dual.right[index].eq(self.weights[lane + index]),
                    ]
                    products.append(dual.product[index])
                lane += 2
            else:
                m.submodules[f"multiplier_{lane}"] = multiplier = Multiplier(
                    signed(8), signed(8), numbers[lane]
                )
                m.d.comb += [
                    multiplier.left.eq(self.activations[lane]),
                    multiplier.right.eq(self.weights[lane]),
                ]
                products.append(multiplier.product)
                lane += 1
        return products
