"""A board's design: the accelerator between the board's clock and its pins."""

from typing import Any

from amaranth.build import Platform, Subsignal
from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io

from ..hw.board_top import BoardTop
from .board import Board, Setup


class Design(Elaboratable):
    """BoardTop with PLL, link pins, LED and button.

    Parameters
        board : the board
        setup : one of its setups
        build : CRC-32 of the gateware, told in the identity
    """

    def __init__(self, board: Board, setup: Setup, build: int = 0) -> None:
        self.board = board
        self.setup = setup
        self.top = BoardTop(setup.array, board.divisor(setup.clock_hz), setup.clock_hz, build)

    def elaborate(self, platform: Platform) -> Module:
        """Request the pins and connect them."""
        m = Module()
        m.submodules.accelerator = top = self.top
        clock = platform.request(platform.default_clk, dir="-")
        m.submodules.pll = pll = self.board.pll(
            clock, round(platform.default_clk_frequency), self.setup.clock_hz
        )
        link = _link(platform)
        m.submodules.rx = rx = io.Buffer("i", link.rx)
        m.submodules.tx = tx = io.Buffer("o", link.tx)
        m.d.comb += [
            top.clock.eq(pll.clock),
            top.reset.eq(~pll.locked),
            top.rx.eq(rx.i),
            tx.o.eq(top.tx),
        ]
        if self.board.led:
            m.submodules.led = led = io.Buffer("o", _port(platform, *self.board.led))
            m.d.comb += led.o.eq(top.active)
        if self.board.button:
            m.submodules.button = button = io.Buffer("i", _port(platform, *self.board.button))
            m.d.comb += top.reset.eq(~pll.locked | button.i)
        return m


def link_pins(platform: Platform) -> dict[str, str]:
    """Name the FPGA's pins of the link: `rx` from the host, `tx` to it."""
    link = _link(platform)
    return {name: getattr(link, name).io.metadata[0].name for name in ("rx", "tx")}


def _link(platform: Platform) -> Any:
    return _request(platform, "uart", 0)


def _port(platform: Platform, name: str, number: int, part: str | None = None) -> Any:
    resource = _request(platform, name, number)
    return resource if part is None else getattr(resource, part)


def _request(platform: Platform, name: str, number: int) -> Any:
    """Request a resource's pins without buffers: those that are not used stay as they are."""
    parts = {
        item.name: "-" for item in platform.lookup(name, number).ios if isinstance(item, Subsignal)
    }
    return platform.request(name, number, dir=parts or "-")
