"""Multipliers and block RAM of Gowin's GW1N-9C and GW2A-18C.

What nextpnr-himbaechel 0.11 does not time: paths that start or end at a multiplier, and those that
end at a block RAM (its data base has the delay from a block RAM's clock to its outputs, and nothing
else of these cells). They are therefore used with registers on both sides: a multiplier's own, and
a block RAM's output register.

On the parts whose name ends in C the block RAM's own output register works only in words of 32 and
36 bits; narrower words get registers of the fabric right behind the block RAM. After the clock a
word leaves GW1N-9C's block RAM (C6/I5) in 0.9 ns with its register and in 3.5 ns without,
GW2A-18C's (C8/I7) in 0.4 and 2.3 ns (tables of apycula 0.32).

Source: Gowin UG285 (BSRAM), UG287 (DSP); apycula 0.32, doc/bsram-fix.md; yosys 0.70,
techlibs/gowin.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value, signed

#: Words in a block RAM for each width; the widest has one byte enable for each of its four bytes.
_DEPTHS = {32: 512, 16: 1024, 8: 2048, 4: 4096, 2: 8192, 1: 16384}


def multiplier(left: Value, right: Value, product: Signal) -> Module:
    """Multiply in a DSP block through its input, pipeline and output registers.

    Parameters
        left, right : signed operands of at most 18 bits; of at most 9, two products share what one
            of 18 bits takes
        product : left * right of three cycles ago
    """
    m = Module()
    width = 9 if max(len(left), len(right)) <= 9 else 18
    operands = [Signal(signed(width), name=name) for name in ("left_operand", "right_operand")]
    output = Signal(signed(2 * width))
    m.d.comb += [operands[0].eq(left), operands[1].eq(right), product.eq(output)]
    # Parameters of one bit: the packer takes any other way to write 0 for 1.
    registers = ("AREG", "BREG", "PIPE_REG", "OUT_REG")
    m.submodules.dsp = Instance(
        f"MULT{width}X{width}",
        **{f"p_{register}": Const(1, 1) for register in registers},
        p_MULT_RESET_MODE="SYNC",
        i_CLK=ClockSignal(),
        i_CE=Const(1),
        i_RESET=Const(0),
        i_A=operands[0],
        i_B=operands[1],
        i_ASIGN=Const(1),
        i_BSIGN=Const(1),
        i_ASEL=Const(0),
        i_BSEL=Const(0),
        i_SIA=Const(0, width),
        i_SIB=Const(0, width),
        o_DOUT=output,
    )
    return m


def memory(
    depth: int,
    write_enable: Value,
    write_address: Value,
    write_data: Value,
    readers: Sequence[tuple[Value, Value]],
) -> Module:
    """Build a memory of block RAMs, with registers behind them.

    Parameters
        depth : words, at most 16,384
        write_enable : one bit for each part of the word, of whole bytes
        readers : address, and the word that was addressed two cycles ago
    Raises
        ValueError: what was given, what is allowed
    """
    width = len(write_data)
    part = width // len(write_enable)
    # Nine bits to a byte where that saves block RAM: the records of the requantise lanes.
    byte = 9 if part % 9 == 0 and depth <= _DEPTHS[8] else 8
    if part % byte or depth > _DEPTHS[1]:
        raise ValueError(
            f"block memory: got {depth} words in parts of {part} bits, allowed are at most "
            f"{_DEPTHS[1]} words in parts of whole bytes"
        )
    m = Module()
    narrow = max(bits for bits, words in _DEPTHS.items() if words >= depth)
    size = narrow * byte // 8
    for reader, (address, output) in enumerate(readers):
        word = Signal(width, name=f"word_{reader}")
        for low in range(0, width, size):
            high = min(low + size, width)
            enables = Cat(write_enable[bit // part] for bit in range(low, high, byte))
            m.submodules[f"block_{reader}_{low}"] = _block(
                size,
                byte,
                write=enables.any(),
                write_address=_addressed(write_address, narrow, enables),
                write_data=write_data[low:high],
                read_address=_addressed(address, narrow, Const(0, 0)),
                output=word[low:high],
            )
        if narrow == 32:
            m.d.comb += output.eq(word)
        else:
            m.d.sync += output.eq(word)
    return m


def _addressed(address: Value, narrow: int, enables: Value) -> Value:
    """Shift a word's address to where words of this width have it, byte enables below."""
    place = narrow.bit_length() - 1
    below = enables if narrow > 8 else Const(0, 0)
    return Cat(below, Const(0, place - len(below)), address, Const(0, 14 - place - len(address)))


def _block(
    size: int,
    byte: int,
    *,
    write: Value,
    write_address: Value,
    write_data: Value,
    read_address: Value,
    output: Value,
) -> Instance:
    """Instance one block RAM: one port to write, one to read; registered where it is widest."""
    unused = Signal(4 * byte - len(output))
    return Instance(
        "SDPX9B" if byte == 9 else "SDPB",
        p_READ_MODE=Const(size == 4 * byte, 1),
        p_BIT_WIDTH_0=size,
        p_BIT_WIDTH_1=size,
        p_BLK_SEL_0=Const(0, 3),
        p_BLK_SEL_1=Const(0, 3),
        p_RESET_MODE="SYNC",
        i_CLKA=ClockSignal(),
        i_CEA=write,
        i_RESETA=Const(0),
        i_ADA=write_address,
        i_DI=Cat(write_data, Const(0, 4 * byte - len(write_data))),
        i_BLKSELA=Const(0, 3),
        i_CLKB=ClockSignal(),
        i_CEB=Const(1),
        i_OCE=Const(1),
        i_RESETB=Const(0),
        i_ADB=read_address,
        i_BLKSELB=Const(0, 3),
        o_DO=Cat(output, unused),
    )
