"""A pipelined requantise lane: from an accumulator to an int8 output.

The arithmetic is that of arch.memory.Record. Source of the two rounding schemes: gemmlowp,
fixedpoint/fixedpoint.h; TensorFlow Lite, kernels/internal/common.h.
"""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
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
                #: `latency - timing.REQUANTISE_RANGED` cycles after the accumulator.
                "output_range": In(OutputLayout),
                #: The output of `latency` cycles ago.
                "output": Out(signed(8)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the stages."""
        m = Module()
        biased, shifted = Signal(signed(32)), Signal(signed(32))
        left = delayed(m, self.record.left, 1, "left")
        m.d.sync += [
            biased.eq(self.accumulator + self.record.bias),
            shifted.eq(biased << left),
        ]
        before = timing.REQUANTISE_BEFORE
        multiplier = delayed(m, self.record.multiplier, before, "multiplier")
        shift = Signal(_Shift)
        m.d.comb += [
            shift.rounding.eq(self.record.rounding),
            shift.right.eq(self.record.right),
        ]
        product = self._pipelined(m, shifted, multiplier)
        shift = delayed(m, shift, before + timing.PRODUCT, "shift")
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
        middle, outer = Signal(signed(35)), Signal(signed(64))
        product = Signal(signed(64))
        m.d.sync += [
            middle.eq(parts["low", "high"] + parts["high", "low"]),
            outer.eq(Cat(parts["low", "low"][:32], parts["high", "high"][:32]).as_signed()),
            product.eq(outer + (middle << 16)),
        ]
        return product

    def _round(self, m: Module, product: Signal, shift: data.View) -> None:
        """Round and clamp, `timing.REQUANTISE_AFTER` cycles."""
        single = shift.rounding == Rounding.SINGLE
        doubled = Signal(signed(33))
        # (product + 2^30) >> 31 without a wide adder. A single rounding with a right shift keeps
        # the product's floor here, since the shift rounds it.
        m.d.sync += doubled.eq((product >> 31) + (product[30] & ~(single & (shift.right != 0))))
        ties_away = delayed(m, ~single, 1, "ties_away")
        right = delayed(m, shift.right, 1, "right")

        offset = Signal(signed(34))
        half = Signal(31)
        m.d.comb += half.eq((1 << right) >> 1)
        downward = ties_away & (right != 0) & (doubled < 0)
        m.d.sync += offset.eq(doubled + half - downward)

        right = delayed(m, right, 1, "right_coarse")
        coarse, fine = Signal(signed(34)), Signal(signed(34))
        m.d.sync += coarse.eq(offset >> (right & 0b11000))
        right = delayed(m, right, 1, "right_fine")
        m.d.sync += fine.eq(coarse >> right[:3])

        # Beyond +-512 the zero point (int8) cannot bring the output back into int8.
        bounded, moved = Signal(signed(10)), Signal(signed(11))
        fits = (fine >> 9 == 0) | (fine >> 9 == -1)
        m.d.comb += bounded.eq(Mux(fits, fine, Mux(fine < 0, -512, 511)))
        m.d.sync += moved.eq(bounded + self.output_range.zero_point)
        act_min = delayed(m, self.output_range.act_min, 1, "act_min")
        act_max = delayed(m, self.output_range.act_max, 1, "act_max")
        m.d.sync += self.output.eq(
            Mux(moved < act_min, act_min, Mux(moved > act_max, act_max, moved))
        )
