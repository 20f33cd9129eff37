"""A multiplier of LUTs, for parts with fewer DSP blocks than multipliers."""

from amaranth.hdl import Module, Mux, Signal, Value, signed

from ...arch import timing

#: Multiplier bits of one partial sum, and partial sums: added in pairs, a register a stage.
_DIGIT = 2
_DIGITS = 4
BITS = _DIGIT * _DIGITS
assert timing.MULTIPLY == 3


def multiplier(left: Value, right: Value, product: Value) -> Module:
    """Multiply by a signed number of 8 bits, in the cycles of a DSP block.

    One carry chain a stage and no input register: left times two bits of `right`, then the sum of
    two of these, then of all.
    """
    m = Module()
    width = len(left)
    sums = []
    for digit in range(_DIGITS):
        low, high = right[_DIGIT * digit], right[_DIGIT * digit + 1]
        part = Signal(signed(width + _DIGIT), name=f"part_{digit}", reset_less=True)
        once, twice = Mux(low, left, 0), Mux(high, left, 0).as_signed() << 1
        # The uppermost bit of a two's complement counts below zero.
        m.d.sync += part.eq(once - twice if digit == _DIGITS - 1 else once + twice)
        sums.append(part)
    for stage in range(2):
        shift = _DIGIT << stage
        pairs, sums = [sums[i : i + 2] for i in range(0, len(sums), 2)], []
        for index, (low_sum, high_sum) in enumerate(pairs):
            total = Signal(
                signed(len(high_sum) + shift), name=f"sum_{stage}_{index}", reset_less=True
            )
            m.d.sync += total.eq(low_sum + (high_sum << shift))
            sums.append(total)
    m.d.comb += product.eq(sums[0])
    return m
