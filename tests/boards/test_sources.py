"""The hash of a design: the same while nothing changes, another one for whatever changes it."""

from dataclasses import replace
from pathlib import Path

import pytest

from otus import hw
from otus.boards import all_boards, find
from otus.boards.board import Board, Setup
from otus.boards.sources import fingerprint
from otus.hw.parts import Part

BOARD = find("hx8k-b-evn")
SETUP = BOARD.setup()


def test_same_while_nothing_changes() -> None:
    assert fingerprint(BOARD, SETUP) == fingerprint(find("hx8k-b-evn"), SETUP)


def test_boards_and_setups_differ() -> None:
    prints = [fingerprint(board, setup) for board in all_boards() for setup in board.setups]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    ("board", "setup"),
    [
        (replace(BOARD, baud=1_000_000), SETUP),
        (replace(BOARD, led=None), SETUP),
        (replace(BOARD, pll=find("icebreaker").pll), SETUP),
        (replace(BOARD, platform=find("icebreaker").platform), SETUP),
        (BOARD, replace(SETUP, clock_hz=24_000_000)),
        (BOARD, replace(SETUP, geometry="up5k")),
        (BOARD, replace(SETUP, part=Part("portable"))),
    ],
)
def test_whatever_the_board_says_counts(board: Board, setup: Setup) -> None:
    assert fingerprint(board, setup) != fingerprint(BOARD, SETUP)


def test_pins_count() -> None:
    platform = BOARD.platform
    moved = type(platform.__name__, (platform,), {"resources": platform.resources[:-1]})
    assert fingerprint(replace(BOARD, platform=moved), SETUP) != fingerprint(BOARD, SETUP)


def test_gateware_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(BOARD, SETUP)
    changed = Path(hw.__path__[0], "uart.py")
    read = Path.read_text

    def other(path: Path, encoding: str) -> str:
        text = read(path, encoding=encoding)
        return text + "#" if path == changed else text

    monkeypatch.setattr(Path, "read_text", other)
    assert fingerprint(BOARD, SETUP) != before
