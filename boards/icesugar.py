"""Muse Lab iCESugar: UP5K, a microcontroller as serial bridge."""

from amaranth_boards.icesugar import ICESugarPlatform

from ..hw.parts.ice40 import ULTRAPLUS
from .board import Board, Setup
from .family import ICE40
from .pll import Ice40PadPll
from .usb import ICELINK

BOARD = Board(
    name="icesugar",
    title="Muse Lab iCESugar",
    device="iCE40UP5K-SG48",
    family=ICE40,
    platform=ICESugarPlatform,
    pll=Ice40PadPll,
    setups=(Setup("up5k", 24_000_000, ULTRAPLUS),),
    baud=115_200,
    bridge="iCELink, the microcontroller behind the USB socket",
    usb=ICELINK,
    loader=("icesprog",),
    led=("led_g", 0),
)
