"""Sipeed Tang Primer 20k on its Dock: GW2A-18C, BL702."""

from amaranth_boards.tang_primer_20k import TangPrimer20kDockPlatform

from ..hw.parts import Part
from .board import Board, Setup
from .family import GOWIN
from .gowin import GowinHimbaechel
from .pll import Gw2aPll
from .usb import FT2232_SECOND


class _Platform(GowinHimbaechel, TangPrimer20kDockPlatform):
    pass


BOARD = Board(
    name="tang-primer-20k",
    title="Sipeed Tang Primer 20k with Dock",
    device="GW2A-LV18PG256C8/I7",
    family=GOWIN,
    platform=_Platform,
    pll=Gw2aPll,
    setups=(Setup("gw2a-18", 81_000_000, Part("gowin")),),
    baud=3_000_000,
    bridge="second port of the BL702 on the Dock",
    usb=FT2232_SECOND,
    loader=("openFPGALoader", "-b", "tangprimer20k"),
    led=("led", 0),
    button=("button", 0),
)
