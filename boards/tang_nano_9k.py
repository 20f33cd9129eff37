"""Sipeed Tang Nano 9k: GW1NR-9C, BL702."""

from amaranth_boards.tang_nano_9k import TangNano9kPlatform

from ..hw.parts import Part
from .board import Board, Setup
from .family import GOWIN
from .gowin import GowinHimbaechel
from .pll import Gw1nPll


class _Platform(GowinHimbaechel, TangNano9kPlatform):
    pass


BOARD = Board(
    name="tang-nano-9k",
    title="Sipeed Tang Nano 9k",
    device="GW1NR-LV9QN88PC6/I5",
    family=GOWIN,
    platform=_Platform,
    pll=Gw1nPll,
    # The requantise lane takes the room of 8 of the 40 multipliers of 9 bits. Four are left free,
    # and LUTs multiply instead: where all are used, nextpnr's placer does not come to an end. Nor
    # does it with four more of LUTs, which fill the part.
    setups=(Setup("gw1n-9", 54_000_000, Part("gowin", dsp_multipliers=28)),),
    baud=3_000_000,
    bridge="second port of the BL702 behind the USB socket",
    loader=("openFPGALoader", "-b", "tangnano9k"),
    led=("led", 0),
    # No button: its bank has 1.8 V, and amaranth-boards reads it as 3.3 V; a button that seems held
    # would never let the accelerator go.
)
