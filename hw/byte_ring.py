"""A ring of bytes in block RAM, written anywhere and read in order up to a mark."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from .parts.memory import BlockMemory


class ByteRing(wiring.Component):
    """Offer the bytes of a ring from where reading stands up to `committed`.

    The writer owns `write_address` and `committed` and keeps them from passing `position`: an
    address that `position` has not left must not be written again. A byte that was written in time
    is offered `latency` cycles after `committed` has passed it, and held until it is taken; one
    byte every `interval` cycles. A UART needs more than ten times as long for one, and so no path
    leads from who takes a byte through the memory.

    Parameters
        depth : bytes, a power of two
    """

    latency = 1 + timing.MEMORY
    interval = latency + 1

    def __init__(self, depth: int) -> None:
        bits = (depth - 1).bit_length()
        if depth != 1 << bits:
            raise ValueError(f"depth: got {depth}, allowed is a power of two")
        self.depth = depth
        super().__init__(
            {
                #: One byte to write, in every cycle in which `write_enable` is 1.
                "write_enable": In(1),
                "write_address": In(bits),
                "write_data": In(8),
                #: First address that must not be read yet.
                "committed": In(bits),
                #: Forget what is before `committed`: the byte on offer is withdrawn.
                "flush": In(1),
                #: The bytes, in order.
                "bytes": Out(stream.Signature(8)),
                #: Address of the byte on offer (or of the next one to come), and the one behind.
                "position": Out(bits),
                "behind": Out(bits, init=1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the memory, and the wait for what it reads."""
        m = Module()
        m.submodules.memory = memory = BlockMemory(8, self.depth)
        offer = self.bytes
        # Cycles for which a committed byte has been at `position`.
        age = Signal(range(self.latency))
        # Registers in between: the block RAM may lie far from who writes.
        m.d.sync += [
            memory.write_enable.eq(self.write_enable),
            memory.write_address.eq(self.write_address),
            memory.write_data.eq(self.write_data),
        ]
        m.d.comb += [
            memory.address[0].eq(self.position),
            offer.payload.eq(memory.data[0]),
        ]
        with m.If(offer.valid & offer.ready):
            m.d.sync += [
                self.position.eq(self.behind),
                self.behind.eq(self.behind + 1),
                offer.valid.eq(0),
                age.eq(0),
            ]
        with m.Elif((self.position != self.committed) & ~offer.valid):
            m.d.sync += [age.eq(age + 1), offer.valid.eq(age == self.latency - 1)]
        with m.If(self.flush):
            m.d.sync += [
                self.position.eq(self.committed),
                self.behind.eq(self.committed + 1),
                offer.valid.eq(0),
                age.eq(0),
            ]
        return m
