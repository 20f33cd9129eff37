"""The weights of one column, beside its multipliers."""

from amaranth.hdl import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from .parts import part_of
from .parts.ice40 import SinglePortMemory
from .parts.memory import BlockMemory


class WeightBuffer(wiring.Component):
    """Hold `weight_words` words of `rows` weights, and read one every cycle.

    Read latency `latency` cycles, one word a cycle. Where the part keeps weights in single-port
    RAM, a write waits for a cycle without a read; elsewhere it never waits.
    """

    latency = BlockMemory.latency

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        super().__init__(
            {
                #: Word to read, taken in the cycle in which `read_enable` is 1.
                "read_enable": In(1),
                "address": In(16),
                #: The word of `latency` cycles ago.
                "weights": Out(data.ArrayLayout(signed(8), geometry.rows)),
                #: One word to write, held until the cycle in which `write_ready` is 1.
                "write_enable": In(1),
                "write_ready": Out(1),
                "write_address": In(16),
                "write_data": In(8 * geometry.rows),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        shape = 8 * self.geometry.rows, self.geometry.weight_words
        memory: SinglePortMemory | BlockMemory
        if part_of(platform).single_port_weights:
            memory = SinglePortMemory(*shape)
            m.d.comb += [
                memory.read_enable.eq(self.read_enable),
                memory.address.eq(self.address),
                self.weights.eq(memory.data),
                self.write_ready.eq(memory.write_ready),
            ]
        else:
            memory = BlockMemory(*shape)
            m.d.comb += [
                memory.address[0].eq(self.address),
                self.weights.eq(memory.data[0]),
                self.write_ready.eq(1),
            ]
        m.submodules.memory = memory
        m.d.comb += [
            memory.write_enable.eq(self.write_enable),
            memory.write_address.eq(self.write_address),
            memory.write_data.eq(self.write_data),
        ]
        return m
