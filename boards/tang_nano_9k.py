"""Sipeed Tang Nano 9k: GW1NR-9C, BL702."""

from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from ..hw.parts import Part
from .board import Board, Setup
from .family import GOWIN
from .gowin import GowinHimbaechel
from .pll import Gw1nPll
from .usb import FT2232_SECOND


class _Platform(GowinHimbaechel, TangNano9kPlatform):
    pass


BOARD = Board(
    name="tang-nano-9k",
    title="Sipeed Tang Nano 9k",
    device="GW1NR-LV9QN88PC6/I5",
    family=GOWIN,
    platform=_Platform,
    pll=Gw1nPll,
    # 8x4 fits too, with multipliers of LUTs where DSP blocks have no room; but it fills the part so
    # that nextpnr's placer does not come to an end with some seeds.
    setups=(Setup("gw1n-9", 54_000_000, Part("gowin")),),
    baud=3_000_000,
    bridge="second port of the BL702 behind the USB socket",
    usb=FT2232_SECOND,
    loader=("openFPGALoader", "-b", "tangnano9k"),
    led=("led", 0),
    # No button: its bank has 1.8 V, and amaranth-boards reads it as 3.3 V; a button that seems held
    # would never let the accelerator go.
)
