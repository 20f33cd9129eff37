"""The systolic array: columns that pass activations on through registers."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from .accumulator import Control
from .column import Column
from .delay import delayed


class Array(wiring.Component):
    """`columns` columns; a group of `requantise_lanes` of them works in the same cycle.

    Everything hops from group to group through one register, so that no signal crosses the whole
    array in a cycle, and the groups finish one after the other, in the order and at the pace in
    which they drain. Group 0's `pooled` is ready `latency` cycles after the activation word; group
    g's is g cycles later. One word a cycle, never stalls.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        word = data.ArrayLayout(signed(8), geometry.rows)
        pooled = data.ArrayLayout(signed(geometry.accumulator_bits), geometry.positions)
        super().__init__(
            {
                #: Weight word to read, `WeightBuffer.latency` ahead of its activation word.
                "weight_enable": In(1),
                "weight_address": In(16),
                #: Activation word of each position.
                "activations": In(data.ArrayLayout(word, geometry.positions)),
                #: What the activation word is; in the same cycle.
                "control": In(Control),
                #: Pooled accumulators, [column][position].
                "pooled": Out(data.ArrayLayout(pooled, geometry.columns)),
                #: One column's part of a weight word, taken while `write_ready` is 1; written a
                #: cycle later, or as soon as the part's memory can (see WeightBuffer).
                "write_enable": In(1),
                "write_ready": Out(1),
                "write_column": In(range(geometry.columns)),
                "write_address": In(16),
                "write_data": In(8 * geometry.rows),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from an activation word to group 0's pooled accumulators."""
        return timing.dot_product(self.geometry) + timing.ACCUMULATE

    def elaborate(self, _platform: object) -> Module:
        """Build the columns and the hops between their groups."""
        m = Module()
        geometry = self.geometry
        weight_enable, weight_address = self.weight_enable, self.weight_address
        activations = self.activations
        control = delayed(m, self.control, timing.dot_product(geometry), "control")
        pending = Signal()
        write_column = Signal.like(self.write_column, reset_less=True)
        write_address = Signal.like(self.write_address, reset_less=True)
        write_data = Signal.like(self.write_data, reset_less=True)
        written = Signal(geometry.columns)
        m.d.comb += self.write_ready.eq(~pending | written.any())
        with m.If(self.write_ready):
            m.d.sync += [
                pending.eq(self.write_enable),
                write_column.eq(self.write_column),
                write_address.eq(self.write_address),
                write_data.eq(self.write_data),
            ]
        for index in range(geometry.columns):
            if index and index % geometry.requantise_lanes == 0:
                weight_enable = delayed(m, weight_enable, 1, f"weight_enable_{index}")
                weight_address = delayed(
                    m, weight_address, 1, f"weight_address_{index}", reset_less=True
                )
                activations = delayed(m, activations, 1, f"activations_{index}", reset_less=True)
                control = delayed(m, control, 1, f"control_{index}")
            m.submodules[f"column_{index}"] = column = Column(geometry, index)
            selected = Signal(name=f"write_selected_{index}")
            m.d.comb += [
                column.weight_enable.eq(weight_enable),
                column.weight_address.eq(weight_address),
                column.activations.eq(activations),
                column.control.eq(control),
                self.pooled[index].eq(column.pooled),
                selected.eq(pending & (write_column == index)),
                column.write_enable.eq(selected),
                column.write_address.eq(write_address),
                column.write_data.eq(write_data),
                written[index].eq(selected & column.write_ready),
            ]
        return m
