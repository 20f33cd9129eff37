"""iCE40: block RAM, and the DSP block and the single-port RAM of the UltraPlus family.

Source: Lattice, iCE40 SBT Technology Library (SB_RAM40_4K, SB_MAC16, SB_SPRAM256KA); TN1295, DSP
Function Usage Guide for iCE40 Devices; yosys, techlibs/ice40/cells_sim.v (bits of narrow words).
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ...arch import timing
from . import Part

#: HX and LP: neither DSP blocks nor single-port RAM.
HX = Part("ice40", dsp_multipliers=0)
ULTRAPLUS = Part("ice40", single_port_weights=True)

_PAIR = data.ArrayLayout(signed(8), 2)

#: Two 8x8 products, each through the input, the multiplier's and the output register. The adders
#: behind the multipliers add C and D, which are 0.
_DUAL_8X8 = {
    **dict.fromkeys(("MODE_8x8", "A_SIGNED", "B_SIGNED", "A_REG", "B_REG"), Const(1, 1)),
    **dict.fromkeys(("TOP_8x8_MULT_REG", "BOT_8x8_MULT_REG"), Const(1, 1)),
    **dict.fromkeys(("TOPOUTPUT_SELECT", "BOTOUTPUT_SELECT"), Const(1, 2)),
    **dict.fromkeys(("TOPADDSUB_LOWERINPUT", "BOTADDSUB_LOWERINPUT"), Const(1, 2)),
    **dict.fromkeys(("TOPADDSUB_UPPERINPUT", "BOTADDSUB_UPPERINPUT"), Const(1, 1)),
}

#: Words of a block RAM, its mode, and the bits of its ports that hold a word.
_MODES = (
    (256, 0, range(16)),
    (512, 1, range(0, 16, 2)),
    (1024, 2, range(1, 16, 4)),
    (2048, 3, range(3, 16, 8)),
)


def memory(
    depth: int,
    write_enable: Signal,
    write_address: Signal,
    write_data: Signal,
    readers: Sequence[tuple[Value, Value]],
) -> Module:
    """Build a BlockMemory of block RAMs: for each reader, for each part that is written on its own.

    The block has no output register: the address is registered before it.

    Parameters
        depth : words, at most 2,048
        write_enable : a bit for each part of the word
        write_address, write_data : the word to write
        readers : address and data of each
    Raises
        ValueError: the memory is deeper than a block
    """
    fits = [mode for mode in _MODES if depth <= mode[0]]
    if not fits:
        raise ValueError(f"block RAM of iCE40: got {depth} words, allowed is at most 2048")
    m = Module()
    _, mode, places = fits[0]
    part_bits = len(write_data) // len(write_enable)
    for reader, (address, read_data) in enumerate(readers):
        registered = Signal(11, name=f"address_{reader}")
        m.d.sync += registered.eq(address)
        for low in range(0, len(write_data), part_bits):
            for start in range(low, low + part_bits, len(places)):
                stop = min(start + len(places), low + part_bits)
                stored, read = Signal(16, name=f"write_{start}"), Signal(16, name=f"read_{start}")
                for bit, place in zip(range(start, stop), places, strict=False):
                    m.d.comb += [
                        stored[place].eq(write_data[bit]),
                        read_data[bit].eq(read[place]),
                    ]
                m.submodules[f"ram_{reader}_{start}"] = Instance(
                    "SB_RAM40_4K",
                    p_READ_MODE=mode,
                    p_WRITE_MODE=mode,
                    i_RCLK=ClockSignal(),
                    i_RCLKE=Const(1),
                    i_RE=Const(1),
                    i_RADDR=registered,
                    o_RDATA=read,
                    i_WCLK=ClockSignal(),
                    i_WCLKE=write_enable[low // part_bits],
                    i_WE=Const(1),
                    i_WADDR=Cat(write_address, Const(0, 11 - len(write_address))),
                    i_WDATA=stored,
                    i_MASK=Const(0, 16),
                )
    return m


class DualMultiplier(wiring.Component):
    """Multiply two pairs of int8 in one SB_MAC16.

    Latency `latency` cycles, two products a cycle, never stalls.
    """

    latency = timing.MULTIPLY

    def __init__(self) -> None:
        super().__init__(
            {
                #: Operands, taken every cycle.
                "left": In(_PAIR),
                "right": In(_PAIR),
                #: left[i] * right[i] of `latency` cycles ago.
                "product": Out(data.ArrayLayout(signed(16), 2)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Instantiate the block."""
        m = Module()
        m.submodules.block = Instance(
            "SB_MAC16",
            **{f"p_{name}": value for name, value in _DUAL_8X8.items()},
            i_CLK=ClockSignal(),
            i_CE=Const(1),
            i_A=self.left.as_value(),
            i_B=self.right.as_value(),
            i_C=Const(0, 16),
            i_D=Const(0, 16),
            o_O=self.product.as_value(),
        )
        return m


class SinglePortMemory(wiring.Component):
    """Hold `depth` words of `width` bits in SPRAM; read in any cycle, write in one without a read.

    Read latency `latency` cycles, one word a cycle: a register for the address, and the RAM. A
    write takes two cycles, and as long as reads keep it waiting.

    Parameters
        width : bits of a word
        depth : words, at most `words`
    Raises
        ValueError: the memory is deeper
    """

    latency = timing.MEMORY
    #: Words and bits of one RAM.
    words = 1 << 14
    bits = 16

    def __init__(self, width: int, depth: int) -> None:
        if depth > self.words:
            raise ValueError(
                f"single-port RAM of iCE40: got {depth} words, allowed is at most {self.words}"
            )
        self.width = width
        address = (depth - 1).bit_length()
        super().__init__(
            {
                #: Word to read, taken in the cycle in which `read_enable` is 1.
                "read_enable": In(1),
                "address": In(address),
                #: The word of `latency` cycles ago; void where none was read.
                "data": Out(width),
                #: One word to write, held until the cycle in which `write_ready` is 1.
                "write_enable": In(1),
                "write_ready": Out(1),
                "write_address": In(address),
                "write_data": In(width),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the register of the port and the RAMs side by side."""
        m = Module()
        address = Signal(14)
        writes = Signal()
        m.d.sync += [
            address.eq(self.write_address),
            writes.eq(self.write_enable & ~self.read_enable & ~writes),
        ]
        with m.If(self.read_enable):
            m.d.sync += address.eq(self.address)
        m.d.comb += self.write_ready.eq(writes)
        for index, low in enumerate(range(0, self.width, self.bits)):
            high = min(low + self.bits, self.width)
            output = Signal(self.bits, name=f"output_{index}")
            m.submodules[f"ram_{index}"] = Instance(
                "SB_SPRAM256KA",
                i_CLOCK=ClockSignal(),
                i_ADDRESS=address,
                i_DATAIN=Cat(self.write_data[low:high], Const(0, low + self.bits - high)),
                i_MASKWREN=Const(0b1111, 4),
                i_WREN=writes,
                i_CHIPSELECT=Const(1),
                i_STANDBY=Const(0),
                i_SLEEP=Const(0),
                i_POWEROFF=Const(1),  # it is low that switches the RAM off
                o_DATAOUT=output,
            )
            m.d.comb += self.data[low:high].eq(output)
        return m
