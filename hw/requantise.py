"""A pipelined requantise lane: from an accumulator to an int8 output.

The arithmetic is that of arch.memory.Record. Source of the two rounding schemes: gemmlowp,
fixedpoint/fixedpoint.h; TensorFlow Lite, kernels/internal/common.h.
"""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, ShapeLike, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from ..arch.memory import Rounding
from .delay import delayed
from .multiplier import Multiplier
from .parameter_buffer import RecordLayout

#: Zero point and clamp of the output.
OutputLayout = data.StructLayout(
    {"zero_point": signed(8), "act_min": signed(8), "act_max": signed(8)}
)

_Shift = data.StructLayout({"rounding": 1, "right": 5})


def _register(shape: ShapeLike) -> Any:
    """Return a register for data that no reset touches."""
    return Signal(shape, reset_less=True)


class Requantise(wiring.Component):
    """Add the bias, scale, round, add the zero point and clamp.

    Latency `latency` cycles, one output a cycle, never stalls; `valid` is for the lane of the same
    ports that is not pipelined (`iterative_requantise`).
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.latency = timing.requantise(geometry)
        self.interval = geometry.requantise_interval
        super().__init__(
            {
                #: There is an accumulator in this cycle.
                "valid": In(1),
                "accumulator": In(signed(geometry.accumulator_bits)),
                "record": In(RecordLayout),
                #: Of the output that enters its last stages: sampled
                #: `latency - timing.ranged(geometry)` cycles after the accumulator.
                "output_range": In(OutputLayout),
                #: The output of `latency` cycles ago.
                "output": Out(signed(8)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the stages."""
        m = Module()
        biased, shifted = (_register(signed(32)) for _ in range(2))
        left = delayed(m, self.record.left, 1, "left", reset_less=True)
        m.d.sync += [
            biased.eq(self.accumulator + self.record.bias),
            shifted.eq(biased << left),
        ]
        before = timing.REQUANTISE_BEFORE
        multiplier = delayed(m, self.record.multiplier, before, "multiplier", reset_less=True)
        shift = Signal(_Shift)
        m.d.comb += [
            shift.rounding.eq(self.record.rounding),
            shift.right.eq(self.record.right),
        ]
        product = self._pipelined(m, shifted, multiplier)
        shift = delayed(m, shift, before + timing.PRODUCT, "shift", reset_less=True)
        self._round(m, product, shift)
        return m

    @staticmethod
    def _pipelined(m: Module, x: Signal, multiplier: Signal) -> Signal:
        """Multiply in one DSP block for each pair of 16-bit halves, `timing.PRODUCT` cycles."""
        low, high = Signal(signed(17)), Signal(signed(16))
        m.d.comb += [low.eq(x[:16]), high.eq(x[16:])]
        parts = {}
        for x_name, x_part in (("low", low), ("high", high)):
            for q_name, q_part in (("low", multiplier[:16]), ("high", multiplier[16:])):
                part = Multiplier(x_part.shape(), signed(17))
                m.submodules[f"multiply_{x_name}_{q_name}"] = part
                m.d.comb += [part.left.eq(x_part), part.right.eq(q_part)]
                parts[x_name, q_name] = part.product
        middle, outer, product = (_register(signed(bits)) for bits in (35, 64, 64))
        m.d.sync += [
            middle.eq(parts["low", "high"] + parts["high", "low"]),
            outer.eq(Cat(parts["low", "low"][:32], parts["high", "high"][:32]).as_signed()),
            product.eq(outer + (middle << 16)),
        ]
        return product

    def _round(self, m: Module, product: Signal, shift: data.View) -> None:
        """Round and clamp, `timing.REQUANTISE_AFTER` cycles."""
        single = shift.rounding == Rounding.SINGLE
        doubled = _register(signed(33))
        # (product + 2^30) >> 31 without a wide adder. A single rounding with a right shift keeps
        # the product's floor here, since the shift rounds it.
        m.d.sync += doubled.eq((product >> 31) + (product[30] & ~(single & (shift.right != 0))))
        # Half of what the right shift takes away, minus one: ones below its uppermost bit.
        below_half = _register(31)
        m.d.sync += below_half.eq(((1 << shift.right) - 1) >> 1)
        ties_away = delayed(m, ~single, 1, "ties_away", reset_less=True)
        right = delayed(m, shift.right, 1, "right", reset_less=True)

        # Add the half, but one less to a negative number whose ties go away from zero: the one is a
        # carry into the adder, and comes from a bit below it.
        upward = (right != 0) & ~(ties_away & (doubled < 0))
        offset = _register(signed(35))
        m.d.sync += offset.eq(Cat(1, doubled).as_signed() + Cat(upward, below_half))

        right = delayed(m, right, 1, "right_coarse", reset_less=True)
        coarse, fine = (_register(signed(34)) for _ in range(2))
        m.d.sync += coarse.eq((offset >> 1) >> (right & 0b11000))
        right = delayed(m, right, 1, "right_fine", reset_less=True)
        m.d.sync += fine.eq(coarse >> right[:3])

        # Beyond +-512 the zero point (int8) cannot bring the output back into int8.
        bounded, moved, output = (_register(signed(bits)) for bits in (10, 11, 8))
        below, above = _register(1), _register(1)
        fits = (fine >> 9 == 0) | (fine >> 9 == -1)
        m.d.sync += bounded.eq(Mux(fits, fine, Mux(fine < 0, -512, 511)))
        m.d.sync += moved.eq(bounded + self.output_range.zero_point)
        limits = [self.output_range.act_min, self.output_range.act_max]
        low, high = (delayed(m, limit, 1, "limit", reset_less=True) for limit in limits)
        m.d.sync += [below.eq(moved < low), above.eq(moved > high)]
        low, high, inside = (
            delayed(m, value, 1, "compared", reset_less=True)
            for value in (low, high, moved[:8].as_signed())
        )
        m.d.comb += self.output.eq(output)
        m.d.sync += output.eq(Mux(below, low, Mux(above, high, inside)))
