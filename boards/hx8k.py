"""Lattice iCE40HX8K-B-EVN: no multipliers, a small array."""

from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform

from ..hw.parts.ice40 import HX
from .board import Board, Setup
from .family import ICE40
from .pll import Ice40Pll
from .usb import FT2232_SECOND

BOARD = Board(
    name="hx8k-b-evn",
    title="Lattice iCE40HX8K-B-EVN",
    device="iCE40HX8K-CT256",
    family=ICE40,
    platform=ICE40HX8KBEVNPlatform,
    pll=Ice40Pll,
    setups=(Setup("hx8k", 36_000_000, HX),),
    baud=3_000_000,
    bridge="second port of the FT2232H behind the USB socket",
    usb=FT2232_SECOND,
    loader=("openFPGALoader", "-b", "ice40_generic"),
    led=("led", 0),
)
