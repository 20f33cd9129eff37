"""The hash of a design: the same while nothing changes, another one for whatever changes it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

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
        (replace(BOARD, device="iCE40HX4K-CT256"), SETUP),
        (replace(BOARD, family=replace(BOARD.family, synthesis="")), SETUP),
        (replace(BOARD, family=replace(BOARD.family, resources={})), SETUP),
        (BOARD, replace(SETUP, clock_hz=24_000_000)),
        (BOARD, replace(SETUP, geometry="up5k")),
        (BOARD, replace(SETUP, part=Part("portable"))),
    ],
)
def test_whatever_the_board_says_counts(board: Board, setup: Setup) -> None:
    assert fingerprint(board, setup) != fingerprint(BOARD, SETUP)


def changed(name: str, **attributes: Any) -> Board:
    """Return a board whose platform has other attributes under the same name."""
    board = find(name)
    kind = type(board.platform())
    return replace(board, platform=type(kind.__name__, (kind,), attributes))


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("hx8k-b-evn", {"resources": BOARD.platform.resources[:-1]}),
        ("hx8k-b-evn", {"connectors": []}),
        ("hx8k-b-evn", {"device": "iCE40HX4K"}),
        ("hx8k-b-evn", {"package": "CB132"}),
        ("hx8k-b-evn", {"default_clk": "clk"}),
        ("ulx3s-85f", {"speed": "7"}),
        ("ecpix5-85f", {"default_rst": None}),
        ("tang-nano-9k", {"part": "GW1NR-LV9QN88C6/I5"}),
        ("tang-nano-9k", {"family": "GW1NR-9"}),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_whatever_the_platform_says_counts(name: str, attributes: dict[str, Any]) -> None:
    setup = find(name).setup()
    assert fingerprint(changed(name, **attributes), setup) != fingerprint(changed(name), setup)


@pytest.mark.parametrize(
    ("file", "of_hx8k", "of_tang"),
    [
        ("hw/uart.py", True, True),
        ("arch/packet.py", True, True),
        ("boards/family.py", True, True),
        ("boards/board.py", False, False),
        ("boards/hx8k.py", False, False),
        ("boards/gowin.py", False, True),
        ("boards/tang_nano_9k.py", False, True),
        ("amaranth_boards/tang_nano_9k.py", False, True),
        ("amaranth_boards/ice40_hx8k_b_evn.py", True, False),
    ],
)
def test_files_of_the_design_count(
    monkeypatch: pytest.MonkeyPatch, file: str, of_hx8k: bool, of_tang: bool
) -> None:
    """The methods of a platform and of its bases make constraints and the tools' commands."""
    both = (BOARD, find("tang-nano-9k"))
    before = [fingerprint(board, board.setup()) for board in both]
    read = Path.read_text

    def other(path: Path, encoding: str) -> str:
        return read(path, encoding=encoding) + "#" * path.as_posix().endswith(f"/{file}")

    monkeypatch.setattr(Path, "read_text", other)
    after = [fingerprint(board, board.setup()) for board in both]
    assert [b != a for b, a in zip(before, after, strict=True)] == [of_hx8k, of_tang]


def test_what_a_board_works_out_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(BOARD, SETUP)
    monkeypatch.setattr(Board, "divisor", lambda *_: 13)
    assert fingerprint(BOARD, SETUP) != before


def test_a_users_own_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    text = """
from dataclasses import replace
from otus.boards import find
from platform_of_mine import Mine
BOARD = replace(find("hx8k-b-evn"), name="mine", platform=Mine)
"""
    beside = """
from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform
class Mine(ICE40HX8KBEVNPlatform):
    def toolchain_prepare(self, fragment, name, **kwargs):
        return super().toolchain_prepare(fragment, name, nextpnr_opts="--opt-timing", **kwargs)
"""

    def take(own: str, platform: str) -> str:
        """Hash in a process of its own: modules are imported once."""
        path.write_text(own)
        (tmp_path / "platform_of_mine.py").write_text(platform)
        script = (
            f"import sys; sys.path.append({str(tmp_path)!r}); sys.dont_write_bytecode = True\n"
            "from otus.boards import find; from otus.boards.sources import fingerprint\n"
            f"board = find({str(path)!r}); print(fingerprint(board, board.setup()))"
        )
        command = [sys.executable, "-P", "-c", script]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    first = take(text, beside)
    assert take(text, beside) == first
    assert len({first, take(text + "# other", beside), take(text, beside + "# other")}) == 3
