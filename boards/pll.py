"""The PLLs of the parts: each finds its own dividers, and refuses what it cannot make.

Frequencies are exact: a PLL makes the frequency that was asked for, or it is an error.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import Const, Instance, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import Out

from .errors import BoardError


@dataclass(frozen=True)
class Limits:
    """Lowest and highest frequency in Hz, at each place of a PLL."""

    input: tuple[float, float]
    detector: tuple[float, float]
    oscillator: tuple[float, float]
    output: tuple[float, float]


@dataclass(frozen=True)
class Dividers:
    """One setting of a PLL.

    Parameters
        reference : from the input to the phase detector
        feedback : from what is fed back to the phase detector
        output : from the oscillator to the output
    """

    reference: int
    feedback: int
    output: int


class Pll(wiring.Component):
    """A PLL between a clock pin and the design.

    Parameters
        pin : the clock's pin, requested with dir="-"
        input_hz : frequency at the pin
        output_hz : frequency wanted
    Raises
        BoardError: this PLL cannot make it; names the nearest frequencies that it can
    """

    limits: ClassVar[Limits]
    #: Values that the dividers can take.
    references: ClassVar[Iterable[int]]
    feedbacks: ClassVar[Iterable[int]]
    outputs: ClassVar[Iterable[int]]
    #: What is fed back: the divided output, or the oscillator.
    feeds_output_back: ClassVar[bool] = True

    def __init__(self, pin: io.PortLike, input_hz: int, output_hz: int) -> None:
        self.pin = pin
        self.input_hz = input_hz
        self.output_hz = output_hz
        self.dividers = self.solve(input_hz, output_hz)
        super().__init__(
            {
                #: The clock made.
                "clock": Out(1),
                #: 1 once the clock is steady; asynchronous.
                "locked": Out(1),
            }
        )

    @classmethod
    def solve(cls, input_hz: int, output_hz: int) -> Dividers:
        """Find the dividers whose oscillator is nearest to the middle of its range."""
        for name, hz, limits in (
            ("input", input_hz, cls.limits.input),
            ("output", output_hz, cls.limits.output),
        ):
            if not _within(hz, limits):
                raise BoardError(
                    f"{cls.__name__}: {name} {_mhz(hz)}, allowed is {_mhz(limits[0])} to "
                    f"{_mhz(limits[1])}"
                )
        settings = list(cls._settings(input_hz))
        exact = [d for d in settings if cls._is_exact(d, input_hz, output_hz)]
        if not exact:
            made = sorted({cls._made(d, input_hz) for d in settings})
            below = [f for f in made if f < output_hz]
            nearest = below[-1:] + made[len(below) : len(below) + 1]
            raise BoardError(
                f"{cls.__name__}: cannot make {_mhz(output_hz)} from {_mhz(input_hz)}; the nearest "
                f"that it can: {' and '.join(_mhz(f) for f in nearest)}"
            )
        middle = sum(cls.limits.oscillator) / 2
        return min(exact, key=lambda d: (abs(output_hz * d.output - middle), d.reference))

    @classmethod
    def _settings(cls, input_hz: int) -> Iterator[Dividers]:
        """Every setting within the limits."""
        fed_back = cls.limits.output if cls.feeds_output_back else cls.limits.oscillator
        derived = cls.limits.oscillator if cls.feeds_output_back else cls.limits.output
        for reference in cls.references:
            detector = input_hz / reference
            if not _within(detector, cls.limits.detector):
                continue
            for feedback in cls.feedbacks:
                hz = detector * feedback
                if _within(hz, fed_back):
                    for output in cls.outputs:
                        other = hz * output if cls.feeds_output_back else hz / output
                        if _within(other, derived):
                            yield Dividers(reference, feedback, output)

    @classmethod
    def _made(cls, d: Dividers, input_hz: int) -> float:
        return input_hz * d.feedback / (d.reference * (1 if cls.feeds_output_back else d.output))

    @classmethod
    def _is_exact(cls, d: Dividers, input_hz: int, output_hz: int) -> bool:
        divided = d.reference * (1 if cls.feeds_output_back else d.output)
        return input_hz * d.feedback == output_hz * divided

    def _buffered(self, m: Module) -> Signal:
        """Take the pin's clock through its input buffer."""
        m.submodules.pin = buffer = io.Buffer("i", self.pin)
        return buffer.i


class Ehxplll(Pll):
    """EHXPLLL of ECP5, its primary output fed back.

    Source: Lattice FPGA-DS-02012, "sysCLOCK PLL Timing"; FPGA-TN-02200.
    """

    limits = Limits((8e6, 400e6), (10e6, 400e6), (400e6, 800e6), (3.125e6, 400e6))
    references = feedbacks = outputs = range(1, 129)

    def elaborate(self, _platform: object) -> Module:
        """Instance the primitive."""
        m = Module()
        m.submodules.pll = Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=f"{self.input_hz / 1e6:g}",
            a_FREQUENCY_PIN_CLKOP=f"{self.output_hz / 1e6:g}",
            a_ICP_CURRENT="12",
            a_LPF_RESISTOR="8",
            a_MFG_ENABLE_FILTEROPAMP="1",
            a_MFG_GMCREF_SEL="2",
            p_PLLRST_ENA="DISABLED",
            p_INTFB_WAKE="DISABLED",
            p_STDBY_ENABLE="DISABLED",
            p_DPHASE_SOURCE="DISABLED",
            p_OUTDIVIDER_MUXA="DIVA",
            p_CLKOP_ENABLE="ENABLED",
            p_CLKI_DIV=self.dividers.reference,
            p_CLKFB_DIV=self.dividers.feedback,
            p_CLKOP_DIV=self.dividers.output,
            p_CLKOP_CPHASE=self.dividers.output - 1,
            p_CLKOP_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            i_CLKI=self._buffered(m),
            i_CLKFB=self.clock,
            i_RST=Const(0),
            i_STDBY=Const(0),
            i_PHASESEL0=Const(0),
            i_PHASESEL1=Const(0),
            i_PHASEDIR=Const(1),
            i_PHASESTEP=Const(1),
            i_PHASELOADREG=Const(1),
            i_PLLWAKESYNC=Const(0),
            i_ENCLKOP=Const(0),
            o_CLKOP=self.clock,
            o_LOCK=self.locked,
        )
        return m


class Ice40Pll(Pll):
    """SB_PLL40_CORE of iCE40, its oscillator fed back.

    Source: Lattice FPGA-TN-02052; FPGA-DS-02008, "sysCLOCK PLL Timing".
    """

    limits = Limits((10e6, 133e6), (10e6, 133e6), (533e6, 1066e6), (16e6, 275e6))
    references = range(1, 17)
    feedbacks = range(1, 129)
    outputs = tuple(1 << n for n in range(1, 7))
    feeds_output_back = False
    #: Upper ends of the phase detector's ranges that FILTER_RANGE 1, 2, ... stand for.
    _filters = (17e6, 26e6, 44e6, 66e6, 101e6)

    def elaborate(self, _platform: object) -> Module:
        """Instance the primitive."""
        m = Module()
        detector = self.input_hz / self.dividers.reference
        primitive, source = self._primitive(m)
        m.submodules.pll = Instance(
            primitive,
            source,
            p_FEEDBACK_PATH="SIMPLE",
            p_DIVR=Const(self.dividers.reference - 1, 4),
            p_DIVF=Const(self.dividers.feedback - 1, 7),
            p_DIVQ=Const(self.dividers.output.bit_length() - 1, 3),
            p_FILTER_RANGE=Const(1 + sum(detector >= end for end in self._filters), 3),
            i_RESETB=Const(1),
            i_BYPASS=Const(0),
            o_PLLOUTGLOBAL=self.clock,
            o_LOCK=self.locked,
        )
        return m

    def _primitive(self, m: Module) -> tuple[str, tuple[str, str, object]]:
        """Name the primitive and its clock input."""
        return "SB_PLL40_CORE", ("i", "REFERENCECLK", self._buffered(m))


class Ice40PadPll(Ice40Pll):
    """SB_PLL40_PAD of iCE40, for a clock on the PLL's own pin: that pin reaches nothing else."""

    def _primitive(self, _m: Module) -> tuple[str, tuple[str, str, object]]:
        """Name the primitive and its clock input."""
        return "SB_PLL40_PAD", ("i", "PACKAGEPIN", self.pin.io)


class Gw1nPll(Pll):
    """RPLL of GW1N(R)-9, speed C6/I5.

    Source: Gowin DS117, "PLL parameters"; UG286.
    """

    limits = Limits((3e6, 400e6), (3e6, 400e6), (400e6, 1200e6), (3.125e6, 600e6))
    references = feedbacks = range(1, 65)
    outputs = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
    device = "GW1NR-9C"

    def elaborate(self, _platform: object) -> Module:
        """Instance the primitive."""
        m = Module()
        m.submodules.pll = Instance(
            "rPLL",
            p_FCLKIN=f"{self.input_hz / 1e6:g}",
            p_DEVICE=self.device,
            p_DYN_IDIV_SEL="false",
            p_IDIV_SEL=self.dividers.reference - 1,
            p_DYN_FBDIV_SEL="false",
            p_FBDIV_SEL=self.dividers.feedback - 1,
            p_DYN_ODIV_SEL="false",
            p_ODIV_SEL=self.dividers.output,
            p_PSDA_SEL="0000",
            p_DUTYDA_SEL="1000",
            p_DYN_DA_EN="false",
            p_CLKFB_SEL="internal",
            p_CLKOUT_BYPASS="false",
            p_CLKOUTP_BYPASS="false",
            p_CLKOUTD_BYPASS="false",
            i_CLKIN=self._buffered(m),
            i_CLKFB=Const(0),
            i_RESET=Const(0),
            i_RESET_P=Const(0),
            i_FBDSEL=Const(0, 6),
            i_IDSEL=Const(0, 6),
            i_ODSEL=Const(0, 6),
            i_PSDA=Const(0, 4),
            i_DUTYDA=Const(0, 4),
            i_FDLY=Const(0, 4),
            o_CLKOUT=self.clock,
            o_LOCK=self.locked,
        )
        return m


class Gw2aPll(Gw1nPll):
    """RPLL of GW2A-18, speed C8/I7.

    Source: Gowin DS226, "PLL parameters"; UG286.
    """

    limits = Limits((3e6, 500e6), (3e6, 500e6), (500e6, 1250e6), (3.90625e6, 625e6))
    device = "GW2A-18C"


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _mhz(hz: float) -> str:
    return f"{hz / 1e6:.10g} MHz"
