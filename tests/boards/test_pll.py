"""PLLs: settings worked out by hand, limits, what cannot be made, parameters of the primitives."""

import re

import pytest
from amaranth.back import rtlil
from amaranth.hdl import IOPort
from amaranth.lib import io

from otus.boards.errors import BoardError
from otus.boards.pll import Dividers, Ehxplll, Gw1nPll, Gw2aPll, Ice40PadPll, Ice40Pll, Pll

MHZ = 10**6


@pytest.mark.parametrize(
    ("pll", "input_mhz", "output_mhz", "dividers"),
    [
        # Oscillators at 600, 625 and 625 MHz: nearest to the middle of 400 to 800.
        (Ehxplll, 25, 100, Dividers(1, 4, 6)),
        (Ehxplll, 25, 125, Dividers(1, 5, 5)),
        (Ehxplll, 100, 125, Dividers(4, 5, 5)),
        # 768 and 576 MHz are the only ones of 533 to 1,066 behind a power of two.
        (Ice40Pll, 12, 24, Dividers(1, 64, 32)),
        (Ice40Pll, 12, 36, Dividers(1, 48, 16)),
        # 864 MHz: nearest to the middle of 400 to 1,200, and of 500 to 1,250.
        (Gw1nPll, 27, 54, Dividers(1, 2, 16)),
        (Gw2aPll, 27, 54, Dividers(1, 2, 16)),
    ],
)
def test_dividers(pll: type[Pll], input_mhz: int, output_mhz: int, dividers: Dividers) -> None:
    assert pll.solve(input_mhz * MHZ, output_mhz * MHZ) == dividers


@pytest.mark.parametrize("pll", [Ehxplll, Ice40Pll, Gw1nPll, Gw2aPll])
def test_what_is_found_is_exact_and_within_the_limits(pll: type[Pll]) -> None:
    made = 0
    for megahertz in range(16, 130, 3):
        for input_mhz in (12, 25, 100):
            try:
                d = pll.solve(input_mhz * MHZ, megahertz * MHZ)
            except BoardError:
                continue
            made += 1
            oscillator = megahertz * MHZ * d.output
            fed_back = megahertz * MHZ if pll is not Ice40Pll else oscillator
            assert input_mhz * MHZ * d.feedback == fed_back * d.reference
            low, high = pll.limits.oscillator
            assert low <= oscillator <= high
            low, high = pll.limits.detector
            assert low <= input_mhz * MHZ / d.reference <= high
            assert d.reference in pll.references
            assert d.feedback in pll.feedbacks
            assert d.output in pll.outputs
    assert made >= 6


@pytest.mark.parametrize(
    ("pll", "input_hz", "output_hz", "message"),
    [
        (
            Ehxplll,
            48_000_000,
            100_000_000,
            "Ehxplll: cannot make 100 MHz from 48 MHz; the nearest that it can: 96 MHz and 108 MHz",
        ),
        (
            Ice40Pll,
            12_000_000,
            25_000_000,
            "cannot make 25 MHz from 12 MHz; the nearest that it can: 24.75 MHz and 25.125 MHz",
        ),
        (Ehxplll, 5_000_000, 100_000_000, "input 5 MHz, allowed is 8 MHz to 400 MHz"),
        (Ehxplll, 25_000_000, 500_000_000, "output 500 MHz, allowed is 3.125 MHz to 400 MHz"),
        (Ice40Pll, 12_000_000, 12_000_000, "output 12 MHz, allowed is 16 MHz to 275 MHz"),
    ],
)
def test_refusals(pll: type[Pll], input_hz: int, output_hz: int, message: str) -> None:
    with pytest.raises(BoardError, match=re.escape(message)):
        pll.solve(input_hz, output_hz)


def primitive(pll: type[Pll], input_hz: int, output_hz: int) -> str:
    """Elaborate a PLL at a pin and return its RTLIL."""
    pin = io.SingleEndedPort(IOPort(1, name="pin"), direction="i")
    return rtlil.convert(pll(pin, input_hz, output_hz), ports=[])


@pytest.mark.parametrize(
    ("pll", "cell", "parameters"),
    [
        (Ehxplll, "EHXPLLL", {"CLKI_DIV": "1", "CLKFB_DIV": "4", "CLKOP_DIV": "12"}),
        (
            Ice40Pll,
            "SB_PLL40_CORE",
            # 12 MHz at the detector is FILTER_RANGE 1; the oscillator runs at 64 * 12 = 768 MHz.
            {"DIVR": "4'0000", "DIVF": "7'0111111", "DIVQ": "3'100", "FILTER_RANGE": "3'001"},
        ),
        (Ice40PadPll, "SB_PLL40_PAD", {"DIVF": "7'0111111", "DIVQ": "3'100"}),
        (Gw1nPll, "rPLL", {"IDIV_SEL": "0", "FBDIV_SEL": "3", "ODIV_SEL": "16"}),
    ],
)
def test_primitives(pll: type[Pll], cell: str, parameters: dict[str, str]) -> None:
    text = primitive(pll, 12_000_000, 48_000_000)
    assert f"cell \\{cell} " in text
    for name, value in parameters.items():
        assert f"parameter \\{name} {value}\n" in text, re.findall(rf"\\{name} .*", text)
