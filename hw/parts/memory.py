"""Block RAM with its output register."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from ...arch import timing
from . import ecp5, gowin, ice40, part_of


class BlockMemory(wiring.Component):
    """Hold `depth` words of `width` bits; write parts of one and read `readers` every cycle.

    Read latency `latency` cycles (block RAM with its output register). A word that is written in
    the cycle of its address or in the next one is not defined.

    Parameters
        width : bits of a word
        depth : words
        parts : parts of a word that are written each on its own; divides width
        readers : words read side by side
    """

    latency = timing.MEMORY

    def __init__(self, width: int, depth: int, *, parts: int = 1, readers: int = 1) -> None:
        self.width = width
        self.depth = depth
        self.parts = parts
        self.readers = readers
        address = (depth - 1).bit_length()
        super().__init__(
            {
                #: Words to read, taken every cycle.
                "address": In(data.ArrayLayout(address, readers)),
                #: The words of `latency` cycles ago.
                "data": Out(data.ArrayLayout(width, readers)),
                #: Parts of one word to write, taken in the cycle in which its bit here is 1.
                "write_enable": In(parts),
                "write_address": In(address),
                "write_data": In(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its output registers, of what the part has."""
        readers = [(self.address[reader], self.data[reader]) for reader in range(self.readers)]
        ports = self.depth, self.write_enable, self.write_address, self.write_data, readers
        match part_of(platform).family:
            # Deeper ones are left to synthesis: they are read through a multiplexer.
            case "ecp5" if self.depth <= ecp5.MAX_DEPTH:
                return ecp5.memory(*ports)
            case "gowin":
                return gowin.memory(*ports)
            case "ice40":
                return ice40.memory(*ports)
        m = Module()
        m.submodules.memory = cells = memory.Memory(shape=self.width, depth=self.depth, init=[])
        write = cells.write_port(granularity=self.width // self.parts)
        m.d.comb += [
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
        ]
        for reader, (address, word) in enumerate(readers):
            read = cells.read_port()
            output = Signal(self.width, name=f"output_{reader}")
            m.d.comb += [read.addr.eq(address), word.eq(output)]
            m.d.sync += output.eq(read.data)
        return m
