"""ECP5: MULT18X18D and DP16KD with their internal registers.

Sources: Lattice FPGA-TN-02205 (sysDSP), FPGA-TN-02204 (memory); the ports' handling of constants:
nextpnr, ecp5/pack.cc.
"""

from collections.abc import Sequence

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value

#: Operand bits of MULT18X18D.
_OPERAND = 18

#: Bits of a word of DP16KD, by the number of words.
_WIDTHS = {1024: 18, 2048: 9}
#: Words of the deepest memory that is instanced.
MAX_DEPTH = max(_WIDTHS)


def _pins(prefix: str, value: Value) -> dict[str, Value]:
    return {f"{prefix}{index}": bit for index, bit in enumerate(value)}


def multiplier(left: Value, right: Value, product: Value) -> Module:
    """Multiply two signed numbers of at most 18 bits in one MULT18X18D, through three registers.

    The operands stand at the top of their ports: constants below cost no routing, copies of the
    sign above would. Ports that are not named stay open: not every constant has a route to them.
    """
    m = Module()
    result = Signal(2 * _OPERAND)
    above = [_OPERAND - len(left), _OPERAND - len(right)]
    operands = [Cat(Const(0, n), value) for n, value in zip(above, (left, right), strict=True)]
    registers = {
        f"p_REG_{name}_{pin}": f"{pin}0"
        for name in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
        for pin in ("CLK", "CE", "RST")
    }
    m.submodules.dsp = Instance(
        "MULT18X18D",
        p_GSR="DISABLED",
        **registers,
        i_CLK0=ClockSignal(),
        i_CE0=Const(1),
        i_RST0=Const(0),
        i_SIGNEDA=Const(1),
        i_SIGNEDB=Const(1),
        i_SOURCEA=Const(0),
        i_SOURCEB=Const(0),
        **_pins("i_A", operands[0]),
        **_pins("i_B", operands[1]),
        **_pins("o_P", result),
    )
    m.d.comb += product.eq(result[sum(above) :])
    return m


def memory(
    depth: int,
    write_enable: Value,
    write_address: Value,
    write_data: Value,
    readers: Sequence[tuple[Value, Value]],
) -> Module:
    """Build a memory of DP16KDs, each of which reads through its output register.

    A part of a word has block RAM of its own, so that the byte enables of a block, which go by nine
    bits, do not matter.

    Parameters
        depth : words, at most MAX_DEPTH
        write_enable : one bit for each part of the word
        readers : address, and the word that was addressed two cycles ago
    """
    m = Module()
    part = len(write_data) // len(write_enable)
    words = min(words for words in _WIDTHS if words >= depth)
    for reader, (address, output) in enumerate(readers):
        for number, enable in enumerate(write_enable):
            for start in range(number * part, (number + 1) * part, _WIDTHS[words]):
                bits = slice(start, min(start + _WIDTHS[words], (number + 1) * part))
                m.submodules[f"block_{reader}_{start}"] = _block(
                    words, enable, write_address, write_data[bits], address, output[bits]
                )
    return m


def _block(
    words: int,
    write_enable: Value,
    write_address: Value,
    write_data: Value,
    address: Value,
    output: Value,
) -> Instance:
    """Instance one block RAM: port A writes, port B reads."""
    width = _WIDTHS[words]
    # A word's address stands above those of the bits in it. Where it has 18 bits, the lowest two
    # pins of the port that writes enable its halves.
    unused = 14 - (words.bit_length() - 1)
    halves = Const(0b11 if width == 18 else 0, unused)
    above = Const(0, 14 - unused - len(address))
    rest = Signal(width - len(output))
    return Instance(
        "DP16KD",
        p_DATA_WIDTH_A=width,
        p_DATA_WIDTH_B=width,
        p_REGMODE_A="NOREG",
        p_REGMODE_B="OUTREG",
        p_RESETMODE="SYNC",
        p_WRITEMODE_A="NORMAL",
        p_WRITEMODE_B="NORMAL",
        p_CSDECODE_A="0b000",
        p_CSDECODE_B="0b000",
        p_GSR="DISABLED",
        i_CLKA=ClockSignal(),
        i_CEA=Const(1),
        i_OCEA=Const(1),
        i_WEA=write_enable,
        i_RSTA=Const(0),
        i_CLKB=ClockSignal(),
        i_CEB=Const(1),
        i_OCEB=Const(1),
        i_WEB=Const(0),
        i_RSTB=Const(0),
        **{f"i_CS{port}{bit}": Const(0) for port in "AB" for bit in range(3)},
        **_pins("i_ADA", Cat(halves, write_address, above)),
        **_pins("i_ADB", Cat(Const(0, unused), address, above)),
        **_pins("i_DIA", write_data),
        **_pins("o_DOB", Cat(output, rest)),
    )
