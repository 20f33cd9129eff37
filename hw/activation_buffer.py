"""The activations: inputs, outputs of every layer, results."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from .delay import delayed
from .parts.memory import BlockMemory


class ActivationBuffer(wiring.Component):
    """Hold `activation_words` words of `rows` int8.

    Three users share it. The array reads one word for each position every cycle (latency
    `latency`); padding reads as `pad`. The requantise lanes write. The link reads and writes in the
    cycles in which the others do not, so that it never slows the array.
    """

    latency = timing.MEMORY + timing.PADDING

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        word = data.ArrayLayout(signed(8), geometry.rows)
        super().__init__(
            {
                #: The array reads in this cycle.
                "read_enable": In(1),
                "read_address": In(data.ArrayLayout(16, geometry.positions)),
                #: The position's word is padding, and reads as `pad` in every byte.
                "read_padding": In(data.ArrayLayout(1, geometry.positions)),
                "pad": In(signed(8)),
                #: Word of each position of `latency` cycles ago.
                "activations": Out(data.ArrayLayout(word, geometry.positions)),
                #: Requantised outputs: `requantise_lanes` bytes, group `write_group` of the word.
                #: What is written is there `timing.wire_registers` cycles later.
                "write_enable": In(1),
                "write_address": In(16),
                "write_group": In(range(geometry.row_groups)),
                "write_data": In(8 * geometry.requantise_lanes),
                #: Whole words from the link.
                "link_write": In(
                    stream.Signature(
                        data.StructLayout({"address": 16, "data": 8 * geometry.rows}),
                    )
                ),
                #: Words read by the link, in order.
                "link_read_address": In(stream.Signature(16)),
                "link_read_data": Out(stream.Signature(8 * geometry.rows)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the memory, its arbitration and the padding."""
        m = Module()
        geometry = self.geometry
        m.submodules.memory = memory = BlockMemory(
            8 * geometry.rows,
            geometry.activation_words,
            parts=geometry.row_groups,
            readers=geometry.positions,
        )
        m.d.comb += self.link_write.ready.eq(~self.write_enable)
        registers, groups = timing.wire_registers(geometry), geometry.row_groups
        outputs, linked = self.write_data.replicate(groups), self.link_write.valid.replicate(groups)
        enable = Mux(self.write_enable, 1 << self.write_group, linked)
        address = Mux(self.write_enable, self.write_address, self.link_write.p.address)
        words = Mux(self.write_enable, outputs, self.link_write.p.data)
        m.d.comb += [
            memory.write_enable.eq(delayed(m, enable, registers, "write_enable")),
            memory.write_address.eq(
                delayed(m, address, registers, "write_address", reset_less=True)
            ),
            memory.write_data.eq(delayed(m, words, registers, "write_data", reset_less=True)),
        ]

        for position in range(geometry.positions):
            address = self.read_address[position]
            if position == 0:
                address = Mux(self.read_enable, address, self.link_read_address.payload)
            padded = self.read_enable & self.read_padding[position]
            m.d.comb += memory.address[position].eq(address)
            padding = delayed(m, padded, timing.MEMORY, f"padding_{position}", reset_less=True)
            # A stage of its own, so that the block RAM's output register stands alone.
            output = Signal(8 * geometry.rows, name=f"output_{position}", reset_less=True)
            pad = Cat(self.pad.as_unsigned() for _ in range(geometry.rows))
            m.d.sync += output.eq(Mux(padding, pad, memory.data[position]))
            m.d.comb += self.activations[position].eq(output)

        # One word at a time for the link: it is slow, and the array may take the port meanwhile.
        taken = self.link_read_address.valid & self.link_read_address.ready
        arrives = delayed(m, taken, self.latency, "link_read")
        waiting = Signal()
        word = self.link_read_data
        m.d.comb += self.link_read_address.ready.eq(~self.read_enable & ~waiting)
        with m.If(taken):
            m.d.sync += waiting.eq(1)
        with m.If(arrives):
            m.d.sync += [word.payload.eq(self.activations[0].as_value()), word.valid.eq(1)]
        with m.If(word.valid & word.ready):
            m.d.sync += [word.valid.eq(0), waiting.eq(0)]
        return m
