"""OrangeCrab r0.2 85F: no UART on board, so two pins of its header are the link."""

from amaranth.build import Attrs
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_85FPlatform
from amaranth_boards.resources import UARTResource

from ..hw.parts import Part
from .board import Board, Setup
from .family import ECP5
from .pll import Ehxplll


class Platform(OrangeCrabR0_2_85FPlatform):
    """The board with a UART where a Feather has it."""

    resources = [
        *OrangeCrabR0_2_85FPlatform.resources,
        UARTResource(0, rx="0", tx="1", conn=("io", 0), attrs=Attrs(IO_TYPE="LVCMOS33")),
    ]


BOARD = Board(
    name="orangecrab-85f",
    title="OrangeCrab r0.2 85F",
    device="LFE5U-85F-8MG285C",
    family=ECP5,
    platform=Platform,
    pll=Ehxplll,
    setups=(
        # Two requantise lanes take 8 of the 156 multipliers.
        Setup("ecp5-85f", 96_000_000, Part("ecp5", dsp_multipliers=148)),
        Setup("ecp5-85f-16x8", 120_000_000, Part("ecp5")),
    ),
    baud=1_000_000,
    bridge="a 3.3 V serial adapter of yours: its TXD to pin 0, its RXD to pin 1, ground to GND",
    loader=("openFPGALoader", "-b", "orangeCrab"),
    led=("rgb_led", 0, "g"),
)
