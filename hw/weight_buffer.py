"""The weights of one column, beside its multipliers."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry


class WeightBuffer(wiring.Component):
    """Hold `weight_words` words of `rows` weights, and read one every cycle.

    Read latency `latency` cycles (block RAM with its output register), one word a cycle.
    """

    latency = timing.MEMORY

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
        """Build the memory and its output register."""
        m = Module()
        m.submodules.memory = cells = memory.Memory(
            shape=8 * self.geometry.rows, depth=self.geometry.weight_words, init=[]
        )
        read, write = cells.read_port(), cells.write_port()
        output = Signal(8 * self.geometry.rows)
        m.d.comb += [
            read.addr.eq(self.address),
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            self.weights.eq(output),
        ]
        m.d.sync += output.eq(read.data)
        return m
