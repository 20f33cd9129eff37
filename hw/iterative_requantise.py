"""A requantise lane that multiplies a few bits a cycle, for parts without multipliers to spare.

The arithmetic is that of arch.memory.Record, from the lowest digit (`requantise_bits` bits) up: the
sum of accumulator and bias, its left shift, the product. Then the product is shifted right, a digit
a cycle, while the next one is made.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data

from ..arch.memory import LEFT_MAX, Rounding
from .delay import delayed
from .requantise import Requantise

_BITS = 32
#: Bits of the multiplier, and of what is added for two bits of the other operand: -2 to 2 times it.
_MULTIPLIER = 31
_ADDEND = _MULTIPLIER + 2


class IterativeRequantise(Requantise):
    """Add the bias, scale, round, add the zero point and clamp.

    Latency `latency` cycles, one output every `interval` cycles, never stalls. Accumulator and
    record must be held for `interval` cycles from `valid` on, and `valid` must not come more often.
    """

    def elaborate(self, _platform: object) -> Module:
        """Build the digits, the multiplier, the shifter and the last stages."""
        m = Module()
        self.bits = self.geometry.requantise_bits
        count = Signal(range(self.interval))
        goes_on, ends = Signal(), Signal()
        m.d.comb += [
            ends.eq(count == self.interval - 1),
            goes_on.eq((self.valid | (count != 0)) & ~ends),
        ]
        m.d.sync += count.eq(Mux(goes_on, count + 1, 0))

        digit = self._operand(m, count, goes_on)
        codes = self._recode(
            m, digit, delayed(m, goes_on, 1, "goes_on"), delayed(m, ends, 1, "ends")
        )
        ended = delayed(m, ends, 2, "ended")
        begun = delayed(m, self.valid, 1, "begun")
        product = self._product(m, codes, begun)
        self._shift(m, product, begun, ended)
        return m

    def _operand(self, m: Module, count: Signal, goes_on: Value) -> Signal:
        """Return the digits of (accumulator + bias) << left, a cycle after they are asked for."""
        bits = self.bits
        total, window = Signal(bits + 1), Signal(bits + LEFT_MAX)
        carry, before, digit = Signal(), Signal(LEFT_MAX), Signal(bits)
        accumulator, bias = Signal(_BITS), Signal(_BITS)
        m.d.comb += [
            accumulator.eq(self.accumulator),
            bias.eq(self.record.bias),
            total.eq(accumulator.word_select(count, bits) + bias.word_select(count, bits) + carry),
            window.eq(Cat(before, total[:bits])),
        ]
        m.d.sync += [
            carry.eq(goes_on & total[-1]),
            before.eq(Mux(goes_on, window[bits:], 0)),
            digit.eq((window << self.record.left)[LEFT_MAX : LEFT_MAX + bits]),
        ]
        return digit

    def _recode(self, m: Module, digit: Signal, goes_on: Signal, ends: Signal) -> list[Signal]:
        """Return, for each two bits of a digit, by what to multiply: 0, 1, 2, -1, or -2 (code 4).

        Three is -1 and one more in the bits above. The uppermost bit is the sign: where it is not
        passed on upwards, it counts -2.
        """
        carry, codes = Signal(), []
        upwards: Value = carry
        for low in range(0, self.bits, 2):
            pair, value, code = digit[low : low + 2], Signal(3), Signal(3)
            m.d.comb += value.eq(pair + upwards)
            negative = ends & (pair == 2) & ~upwards if low == self.bits - 2 else 0
            m.d.sync += code.eq(Cat(value[0], value[1] & ~negative, negative))
            upwards = value >= 3
            codes.append(code)
        m.d.sync += carry.eq(upwards & goes_on)
        return codes

    def _product(self, m: Module, codes: list[Signal], begun: Signal) -> Value:
        """Return the product >> 31, valid with its last digit; rounded where no shift follows."""
        multiplier = Signal(_MULTIPLIER)
        with m.If(begun):
            m.d.sync += multiplier.eq(self.record.multiplier)
        high = Signal(signed(_ADDEND - 1))
        rest: Value = high
        for index, code in enumerate(codes):
            one, two = Signal(_ADDEND), Signal(_ADDEND)
            addend, partial = Signal(_ADDEND), Signal(signed(_ADDEND + 2), name=f"partial_{index}")
            m.d.comb += [
                one.eq(multiplier),
                two.eq(multiplier << 1),
                addend.eq(
                    Mux(
                        code[2],
                        ~two,
                        Mux(code[1], Mux(code[0], ~one, two), Mux(code[0], one, 0)),
                    )
                ),
                # The bit below carries the one that ends a negation.
                partial.eq(
                    Cat(Const(1, 1), rest).as_signed()
                    + Cat(code[2] | (code[1] & code[0]), addend).as_signed()
                ),
            ]
            rest = partial[3:].as_signed()
        # The product's bit 30, here the one that a rounding adds half to.
        shifts_single = (self.record.rounding == Rounding.SINGLE) & (self.record.right != 0)
        m.d.sync += high.eq(rest)
        with m.If(begun):
            m.d.sync += high.eq(Cat(Const(0, 30), ~shifts_single))
        return Cat(partial[2], rest).as_signed()

    def _shift(self, m: Module, product: Value, begun: Signal, ended: Signal) -> None:
        """Shift right and round, `interval` cycles and two more; then the last stages."""
        bits = self.bits
        fine_bits = (bits - 1).bit_length()
        held = Signal(data.StructLayout({"right": 5, "rounding": 1}))
        with m.If(begun):
            m.d.sync += [
                held.right.eq(self.record.right),
                held.rounding.eq(self.record.rounding),
            ]
        value = Signal(signed(_BITS + 1))
        # What has been shifted out: the uppermost bit, and whether there is anything below it.
        half, below = Signal(), Signal()
        coarse, fine = Signal(5 - fine_bits), Signal(fine_bits)
        ties_away = Signal()
        with m.If(ended):
            m.d.sync += [
                value.eq(product),
                half.eq(0),
                below.eq(0),
                Cat(fine, coarse).eq(held.right),
                ties_away.eq(held.rounding == Rounding.DOUBLE),
            ]
        with m.Elif(coarse != 0):
            m.d.sync += [
                value.eq(value >> bits),
                half.eq(value[bits - 1]),
                below.eq(below | half | value[: bits - 1].any()),
                coarse.eq(coarse - 1),
            ]

        # Beyond +-512 the zero point (int8) cannot bring the output back into int8.
        negative, wide, inexact = value[-1], Signal(), Signal()
        shifted = Signal(10)
        bounded, up = Signal(signed(10)), Signal()
        m.d.comb += [
            shifted.eq(Cat(half, value[: 9 + bits - 1]) >> fine),
            wide.eq(((value[9:-1] ^ negative.replicate(_BITS - 9)) >> fine).any()),
            inexact.eq(below | (Cat(half, value[: bits - 2]) & ((1 << fine) - 1)).any()),
        ]
        m.d.sync += [
            bounded.eq(Cat(Mux(wide, (~negative).replicate(9), shifted[1:]), negative)),
            up.eq(shifted[0] & (inexact | ~(ties_away & negative))),
        ]
        moved = Signal(signed(11))
        m.d.sync += moved.eq(
            (Cat(1, bounded).as_signed() + Cat(up, self.output_range.zero_point).as_signed()) >> 1
        )
        act_min = delayed(m, self.output_range.act_min, 1, "act_min")
        act_max = delayed(m, self.output_range.act_max, 1, "act_max")
        m.d.sync += self.output.eq(
            Mux(moved < act_min, act_min, Mux(moved > act_max, act_max, moved))
        )
