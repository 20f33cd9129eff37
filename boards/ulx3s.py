"""Radiona ULX3S: ECP5 in three sizes, FT231X."""

from dataclasses import replace

from amaranth_boards.ulx3s import ULX3S_25F_Platform, ULX3S_45F_Platform, ULX3S_85F_Platform

from ..hw.parts import Part
from .board import Board, Setup
from .family import ECP5
from .pll import Ehxplll
from .usb import FT231X

ULX3S_85F = Board(
    name="ulx3s-85f",
    title="Radiona ULX3S 85F",
    device="LFE5U-85F-6BG381C",
    family=ECP5,
    platform=ULX3S_85F_Platform,
    pll=Ehxplll,
    setups=(
        # Two requantise lanes take 8 of the 156 multipliers.
        Setup("ecp5-85f", 100_000_000, Part("ecp5", dsp_multipliers=148)),
        Setup("ecp5-85f-16x8", 125_000_000, Part("ecp5")),
    ),
    baud=3_000_000,
    bridge="FT231X behind the USB socket US1",
    usb=FT231X,
    loader=("openFPGALoader", "-b", "ulx3s"),
    led=("led", 0),
    button=("button_fire", 0),
)

ULX3S_45F = replace(
    ULX3S_85F,
    name="ulx3s-45f",
    title="Radiona ULX3S 45F",
    device="LFE5U-45F-6BG381C",
    platform=ULX3S_45F_Platform,
    setups=(Setup("ecp5-45f", 125_000_000, Part("ecp5")),),
)

ULX3S_25F = replace(
    ULX3S_85F,
    name="ulx3s-25f",
    title="Radiona ULX3S 25F",
    device="LFE5U-25F-6BG381C",
    platform=ULX3S_25F_Platform,
    # One requantise lane takes 4 of the 28 multipliers.
    setups=(Setup("ecp5-25f", 100_000_000, Part("ecp5", dsp_multipliers=24)),),
)
