"""A column of the array: the weights of one output channel and its dot products."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from .accumulator import Accumulator, Control
from .dot_product import DotProduct
from .weight_buffer import WeightBuffer


class Column(wiring.Component):
    """Multiply each position's activation word with the column's weight word, and accumulate.

    The weight address leads the activations by `WeightBuffer.latency`, and these lead the control
    by `DotProduct.latency`; `pooled` is ready `Accumulator.latency` after the control. One word a
    cycle, never stalls.

    Parameters
        number : of this column in the array
    """

    def __init__(self, geometry: Geometry, number: int = 0) -> None:
        self.number = number
        self.geometry = geometry
        word = data.ArrayLayout(signed(8), geometry.rows)
        super().__init__(
            {
                #: Weight word to read, `WeightBuffer.latency` ahead of its activation words.
                "weight_enable": In(1),
                "weight_address": In(16),
                #: Activation word of each position, taken every cycle.
                "activations": In(data.ArrayLayout(word, geometry.positions)),
                #: What the products are, `DotProduct.latency` after the activation words.
                "control": In(Control),
                #: Pooled accumulator of each position.
                "pooled": Out(
                    data.ArrayLayout(signed(geometry.accumulator_bits), geometry.positions)
                ),
                #: One word to write, held until the cycle in which `write_ready` is 1.
                "write_enable": In(1),
                "write_ready": Out(1),
                "write_address": In(16),
                "write_data": In(8 * geometry.rows),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from an activation word to `pooled`."""
        return timing.dot_product(self.geometry) + timing.ACCUMULATE

    def elaborate(self, _platform: object) -> Module:
        """Connect weight buffer, dot products and accumulators."""
        m = Module()
        m.submodules.weights = weights = WeightBuffer(self.geometry)
        m.d.comb += [
            weights.read_enable.eq(self.weight_enable),
            weights.address.eq(self.weight_address),
            self.write_ready.eq(weights.write_ready),
            weights.write_enable.eq(self.write_enable),
            weights.write_address.eq(self.write_address),
            weights.write_data.eq(self.write_data),
        ]
        for position in range(self.geometry.positions):
            m.submodules[f"dot_{position}"] = dot = DotProduct(
                self.geometry, self.number * self.geometry.positions + position
            )
            m.submodules[f"accumulator_{position}"] = accumulator = Accumulator(self.geometry)
            m.d.comb += [
                dot.activations.eq(self.activations[position]),
                dot.weights.eq(weights.weights),
                accumulator.sum.eq(dot.sum),
                accumulator.control.eq(self.control),
                self.pooled[position].eq(accumulator.pooled),
            ]
        return m
