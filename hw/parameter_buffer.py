"""Bias and requantisation of every output channel."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from ..arch.memory import RECORD_BYTES

#: One channel's record, as arch.memory.Record packs it.
RecordLayout = data.StructLayout(
    {"bias": signed(32), "multiplier": 31, "rounding": 1, "left": 3, "right": 5}
)
assert RecordLayout.size == 8 * RECORD_BYTES


class ParameterBuffer(wiring.Component):
    """Hold `parameter_words` words of `requantise_lanes` records.

    Read latency `latency` cycles, one word a cycle.
    """

    latency = timing.SELECT

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
        """Build the memory and its output register."""
        m = Module()
        m.submodules.memory = cells = memory.Memory(
            shape=self.layout.size, depth=self.geometry.parameter_words, init=[]
        )
        read, write = cells.read_port(), cells.write_port()
        output = Signal(self.layout.size)
        m.d.comb += [
            read.addr.eq(self.address),
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            self.records.eq(output),
        ]
        m.d.sync += output.eq(read.data)
        return m
