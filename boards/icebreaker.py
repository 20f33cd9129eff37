"""1BitSquared iCEBreaker: UP5K, FT2232H."""

from amaranth_boards.icebreaker import ICEBreakerPlatform

from ..hw.parts.ice40 import ULTRAPLUS
from .board import Board, Setup
from .family import ICE40
from .pll import Ice40PadPll
from .usb import FT2232_SECOND

BOARD = Board(
    name="icebreaker",
    title="1BitSquared iCEBreaker",
    device="iCE40UP5K-SG48",
    family=ICE40,
    platform=ICEBreakerPlatform,
    pll=Ice40PadPll,
    setups=(Setup("up5k", 24_000_000, ULTRAPLUS),),
    baud=3_000_000,
    bridge="second port of the FT2232H behind the USB socket",
    usb=FT2232_SECOND,
    loader=("openFPGALoader", "-b", "ice40_generic"),
    led=("led_g", 0),
    button=("button", 0),
)
