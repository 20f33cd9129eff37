"""The weights of one column, beside its multipliers."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from .parts.memory import BlockMemory


class WeightBuffer(wiring.Component):
    """Hold `weight_words` words of `rows` weights, and read one every cycle.

    Read latency `latency` cycles (block RAM with its output register), one word a cycle.
    """

    latency = BlockMemory.latency

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        super().__init__(
            {
                #: Word to read, taken every cycle.
                "address": In(16),
                #: The word of `latency` cycles ago.
                "weights": Out(data.ArrayLayout(signed(8), geometry.rows)),
                #: One word to write, taken in the cycle in which `write_enable` is 1.
                "write_enable": In(1),
                "write_address": In(16),
                "write_data": In(8 * geometry.rows),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the memory."""
        m = Module()
        m.submodules.memory = memory = BlockMemory(
            8 * self.geometry.rows, self.geometry.weight_words
        )
        m.d.comb += [
            memory.address[0].eq(self.address),
            memory.write_enable.eq(self.write_enable),
            memory.write_address.eq(self.write_address),
            memory.write_data.eq(self.write_data),
            self.weights.eq(memory.data[0]),
        ]
        return m
