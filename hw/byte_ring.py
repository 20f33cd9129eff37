"""A ring of bytes in block RAM, written anywhere and read in order up to a mark."""

from amaranth.hdl import Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out


class ByteRing(wiring.Component):
    """Offer the bytes of a ring from where reading stands up to `committed`.

    The writer owns `write_address` and `committed` and keeps them from passing `position`: an
    address that `position` has not left must not be written again. A byte that was written in time
    is offered `latency` cycles after `committed` has passed it, and held until it is taken; one
    byte a cycle.

    Parameters
        depth : bytes, a power of two
    """

    latency = 2

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
                "behind": Out(bits),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the memory, what is read from it, and the register behind."""
        m = Module()
        m.submodules.memory = cells = memory.Memory(shape=8, depth=self.depth, init=[])
        read, write = cells.read_port(), cells.write_port()
        # Address of the byte that the memory gives; whether it was committed; take it.
        ahead, following = Signal.like(self.position), Signal.like(self.position)
        present, take = Signal(), Signal()
        offer = self.bytes
        m.d.comb += [
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            self.behind.eq(self.position + 1),
            take.eq(present & (~offer.valid | offer.ready)),
            following.eq(ahead + take),
            read.addr.eq(following),
        ]
        m.d.sync += [ahead.eq(following), present.eq(following != self.committed)]
        with m.If(offer.valid & offer.ready):
            m.d.sync += [self.position.eq(self.behind), offer.valid.eq(0)]
        with m.If(take):
            m.d.sync += [offer.payload.eq(read.data), offer.valid.eq(1)]
        with m.If(self.flush):
            m.d.sync += [
                self.position.eq(self.committed),
                ahead.eq(self.committed),
                present.eq(0),
                offer.valid.eq(0),
            ]
        return m
