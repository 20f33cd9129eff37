"""Icepi Zero 1.3: ECP5 25F, FT231X."""

from amaranth_boards.icepi_zero import IcepiZero1_3Platform

from ..hw.parts import Part
from .board import Board, Setup
from .family import ECP5
from .pll import Ehxplll
from .usb import FT231X

BOARD = Board(
    name="icepi-zero",
    title="Icepi Zero 1.3",
    device="LFE5U-25F-6BG256C",
    family=ECP5,
    platform=IcepiZero1_3Platform,
    pll=Ehxplll,
    # One requantise lane takes 4 of the 28 multipliers.
    setups=(Setup("ecp5-25f", 100_000_000, Part("ecp5", dsp_multipliers=24)),),
    baud=3_000_000,
    bridge="FT231X behind the USB socket",
    usb=FT231X,
    loader=("openFPGALoader", "-b", "icepi-zero"),
    led=("led", 0),
    button=("button", 0),
)
