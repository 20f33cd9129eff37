"""Every board's design elaborates: its pins are there, each used once, and its clock is made."""

import re
from dataclasses import replace

import pytest

from otus.boards import Board, all_boards
from otus.boards.design import link_pins
from otus.boards.plan import _prepare


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.name)
def test_every_board_elaborates(board: Board) -> None:
    # A small array: the pins and the clock are what differs.
    setup = replace(board.setup(), geometry="hx8k")
    files = _prepare(board, setup, 0).files
    constraints = next(
        text for name, text in files.items() if name.endswith((".lpf", ".pcf", ".cst"))
    )
    assert re.search(r"cell \\(EHXPLLL|SB_PLL40_PAD|SB_PLL40_CORE|rPLL) \\pll\n", files["top.il"])
    pins = link_pins(board.platform())
    assert pins["rx"] != pins["tx"]
    for name, pin in pins.items():
        assert re.search(rf'uart_0__{name}__io"?\s(?:SITE )?"?{pin}\b', constraints), constraints
    # Clock, both pins of the link, and what the board has of LED and button.
    placed = re.findall("^(?:LOCATE COMP|set_io|IO_LOC)", constraints, re.MULTILINE)
    assert len(placed) == 3 + bool(board.led) + bool(board.button)
