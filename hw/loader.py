"""From the data of a WRITE to writes into the memories."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from ..arch.memory import Space, depth, word_bytes
from .layouts import write_layout


def past_end(address: Value, words: int) -> Value:
    """Compare an address with the depth of a memory."""
    bits = (words - 1).bit_length()
    return address[bits:].any() if words == 1 << bits else address >= words


class Loader(wiring.Component):
    """Gather bytes into words, or into columns' parts of weight words, and write them.

    Counters only: no division of the length or of the address. Latency `latency` cycles from the
    last byte of a part to its write; one byte a cycle, one more for each part, and as long as
    `write` waits.
    """

    latency = 1

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        super().__init__(
            {
                #: Begin at `address` of `space`, in the cycle in which `start` is 1.
                "start": In(1),
                "space": In(2),
                "address": In(16),
                #: 0: only check, write nothing. Valid from `start` to the last write.
                "execute": In(1),
                #: The data, whole words in order.
                "bytes": In(stream.Signature(8)),
                #: To the memories.
                "write": Out(stream.Signature(write_layout(geometry))),
                #: A part is complete and not written yet.
                "busy": Out(1),
                #: A byte of a word past the end of the space has come; it was not written.
                "beyond": Out(1),
                #: The last word is not complete. Valid while not busy.
                "partial": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the counters and the word that grows."""
        m = Module()
        geometry = self.geometry
        # The bytes that make one write: a weight word is written column by column.
        parts = {space: word_bytes(space, geometry) for space in Space}
        parts[Space.WEIGHT] = geometry.rows
        write = self.write.payload
        space = Signal(2)
        # One bit more than the contract's address: one past the last word of the largest space.
        address = Signal(17)
        column = Signal.like(write.column)
        index = Signal(range(max(2, *parts.values())))
        part_ends, word_ends, past = Signal(), Signal(), Signal()
        with m.Switch(space):
            for each in Space:
                with m.Case(each):
                    m.d.comb += [
                        part_ends.eq(index == parts[each] - 1),
                        past.eq(past_end(address, depth(each, geometry))),
                    ]
        m.d.comb += [
            word_ends.eq((space != Space.WEIGHT) | (column == geometry.columns - 1)),
            write.space.eq(space),
            write.address.eq(address[:16]),
            write.column.eq(column),
            self.write.valid.eq(self.busy & self.execute),
            self.bytes.ready.eq(~self.busy),
            self.partial.eq((index != 0) | (column != 0)),
        ]
        with m.If(self.bytes.valid & self.bytes.ready):
            # Taken past the end too, where nothing is written: no compare holds many registers up.
            m.d.sync += write.data.word_select(index, 8).eq(self.bytes.payload)
            with m.If(past):
                m.d.sync += self.beyond.eq(1)
            with m.Else():
                m.d.sync += [index.eq(Mux(part_ends, 0, index + 1)), self.busy.eq(part_ends)]
        with m.If(self.busy & (self.write.ready | ~self.execute)):
            m.d.sync += [
                self.busy.eq(0),
                column.eq(Mux(word_ends, 0, column + 1)),
                address.eq(address + word_ends),
            ]
        with m.If(self.start):
            m.d.sync += [
                space.eq(self.space),
                address.eq(self.address),
                column.eq(0),
                index.eq(0),
                self.beyond.eq(0),
                self.busy.eq(0),
            ]
        return m
