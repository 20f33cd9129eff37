"""LambdaConcept ECPIX-5 85F: ECP5-5G, whose logic is faster than the other boards', FT2232H."""

from amaranth_boards.ecpix5 import ECPIX585Platform

from ..hw.parts import Part
from .board import Board, Setup
from .family import ECP5
from .pll import Ehxplll
from .usb import FT2232_SECOND

BOARD = Board(
    name="ecpix5-85f",
    title="LambdaConcept ECPIX-5 85F",
    device="LFE5UM5G-85F-8BG554C",
    family=ECP5,
    platform=ECPIX585Platform,
    pll=Ehxplll,
    setups=(
        # Two requantise lanes take 8 of the 156 multipliers.
        Setup("ecp5-85f", 100_000_000, Part("ecp5", dsp_multipliers=148)),
        Setup("ecp5-85f-16x8", 125_000_000, Part("ecp5")),
    ),
    baud=3_000_000,
    bridge="second port of the FT2232H behind the USB socket",
    usb=FT2232_SECOND,
    loader=("openFPGALoader", "-b", "ecpix5"),
    led=("rgb_led", 0, "g"),
    button=("rst", 0),
)
