"""Bias and requantisation of every output channel."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from ..arch.memory import RECORD_BYTES
from .parts.memory import BlockMemory

#: One channel's record, as arch.memory.Record packs it.
RecordLayout = data.StructLayout(
    {"bias": signed(32), "multiplier": 31, "rounding": 1, "left": 3, "right": 5}
)
assert RecordLayout.size == 8 * RECORD_BYTES
assert timing.SELECT == timing.MEMORY


class ParameterBuffer(wiring.Component):
    """Hold `parameter_words` words of `requantise_lanes` records.

    Read latency `latency` cycles, one word a cycle.
    """

    latency = BlockMemory.latency

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.layout = data.ArrayLayout(RecordLayout, geometry.requantise_lanes)
        super().__init__(
            {
                #: Word to read, taken every cycle.
                "address": In(16),
                #: The records of `latency` cycles ago.
                "records": Out(self.layout),
                #: One word to write, taken in the cycle in which `write_enable` is 1.
                "write_enable": In(1),
                "write_address": In(16),
                "write_data": In(self.layout.size),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the memory."""
        m = Module()
        m.submodules.memory = memory = BlockMemory(self.layout.size, self.geometry.parameter_words)
        m.d.comb += [
            memory.address[0].eq(self.address),
            memory.write_enable.eq(self.write_enable),
            memory.write_address.eq(self.write_address),
            memory.write_data.eq(self.write_data),
            self.records.eq(memory.data[0]),
        ]
        return m
