"""Boards: finding them, boards of one's own, and what every board of the package must have."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from otus.arch.errors import GeometryError
from otus.arch.geometry import NAMED
from otus.boards import Board, BoardError, all_boards, find
from otus.boards.board import _MODULES

FOLDER = Path(__file__).parents[2] / "boards"

OWN = """
from amaranth_boards.icebreaker import ICEBreakerPlatform

from otus.boards.board import Board, Setup
from otus.boards.family import ICE40
from otus.boards.pll import Ice40PadPll
from otus.hw.parts import Part

BOARD = Board(
    name="mine",
    title="A board of my own",
    device="iCE40UP5K-SG48",
    family=ICE40,
    platform=ICEBreakerPlatform,
    pll=Ice40PadPll,
    setups=(Setup("up5k", 24_000_000, Part("ice40")),),
    baud=1_000_000,
    bridge="USB",
    loader=("openFPGALoader",),
)
"""

PLATFORMS = """
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.tang_nano_9k import TangNano9kPlatform
from otus.boards.family import ECP5

class Bare(ICEBreakerPlatform):
    default_clk = None

class Mute(ICEBreakerPlatform):
    resources = ICEBreakerPlatform.resources[:1]
"""


def refused(name: str) -> str:
    with pytest.raises(BoardError) as caught:
        find(name)
    return str(caught.value)


def test_find_by_name() -> None:
    assert find("icebreaker").title == "1BitSquared iCEBreaker"


def test_unknown_boards_get_near_names() -> None:
    assert "no board 'ulx3s'; did you mean ulx3s-" in refused("ulx3s")
    assert "no board 'icebraker'; did you mean icebreaker?" in refused("icebraker")
    assert re.search(r"no board 'zzz'; known are icebreaker, .*path/to/board\.py", refused("zzz"))


def test_a_board_of_ones_own_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    assert find(str(path)).baud == 1_000_000


def test_files_that_define_no_board_are_refused(tmp_path: Path) -> None:
    assert "no such file; expected a Python file" in refused(str(tmp_path / "none.py"))
    path = tmp_path / "empty.py"
    path.write_text("")
    assert "defines no board, expected one: BOARD = Board(...)" in refused(str(path))
    path.write_text("import no_such_module")
    assert "ModuleNotFoundError: No module named 'no_such_module'" in refused(str(path))


def test_a_file_of_several_boards_is_asked_for_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(OWN + "SAME = BOARD\n")
    assert find(str(path)).name == "mine"
    assert find(f"{path}:mine").name == "mine"
    path.write_text(OWN + "from dataclasses import replace\nOTHER = replace(BOARD, name='other')\n")
    assert find(f"{path}:other").name == "other"
    assert f"defines 2 boards (mine, other); say which one: {path}:mine" in refused(str(path))
    assert "2 boards (mine, other); 0 of them are called 'third'; say" in refused(f"{path}:third")
    path.write_text(OWN + "from dataclasses import replace\nOTHER = replace(BOARD, baud=9600)\n")
    assert "2 boards (mine, mine); 2 of them are called 'mine'" in refused(f"{path}:mine")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name="mine"', 'name="../../x"', "name: got '../../x', allowed is letters, digits"),
        ('name="mine"', 'name=""', "name: got '', allowed is letters, digits"),
        ("family=ICE40", "family='ice40'", "family: got 'ice40', allowed is ECP5, ICE40 or GOWIN"),
        ("family=ICE40", "family=ECP5", "part.family: got 'ice40', allowed is ecp5 or portable"),
        ("platform=ICEBreakerPlatform", "platform=None", "platform: got None, allowed is a platfo"),
        (
            "platform=ICEBreakerPlatform",
            "platform=TangNano9kPlatform",
            "platform: got TangNano9kPlatform, whose tools are yosys, nextpnr-gowin, gowin_pack; "
            "allowed is one of family ice40, whose tools are yosys, nextpnr-ice40, icepack",
        ),
        ("platform=ICEBreakerPlatform", "platform=lambda: 1 // 0", "platform: ZeroDivisionError"),
        ("platform=ICEBreakerPlatform", "platform=Bare", "platform: Bare has no default clock"),
        ("platform=ICEBreakerPlatform", "platform=Mute", "link: got ('uart', 0, 'rx'), allowed is"),
        ("pll=Ice40PadPll", "pll=None", "pll: got None, allowed is a class of boards.pll"),
        ("setups=(", "setups=() and (", "setups: got (), allowed is a tuple of at least one Setup"),
        ("24_000_000", "24e6", "setup up5k: clock_hz: got 24000000.0, allowed is a whole number"),
        ("24_000_000", "0", "setup up5k: clock_hz: got 0, allowed is a whole number of hertz"),
        ("24_000_000", "12_000_000", "output 12 MHz, allowed is 16 MHz to 275 MHz; clocks near"),
        ('"up5k"', '"big"', "mine.py: geometry: got 'big', expected ROWSxCOLUMNS"),
        ('Part("ice40")', '"ice40"', "setup up5k: part: got 'ice40', allowed is a Part"),
        ('Part("ice40")', 'Part("ecp5")', "up5k: part.family: got 'ecp5', allowed is ice40 or po"),
        ("baud=1_000_000", "baud=0", "baud: got 0, allowed is a whole number, at least 1"),
        ("baud=1_000_000", "baud=9e9", "baud: got 9000000000.0, allowed is a whole number"),
        ("baud=1_000_000", "baud=7_000_000", "7000000 baud cannot be made from 24 MHz"),
        ('("openFPGALoader",)', "()", "loader: got (), allowed is a tuple of words, the program f"),
        ('("openFPGALoader",)', '"openFPGALoader"', "loader: got 'openFPGALoader', allowed is a t"),
        (
            'bridge="USB"',
            "bridge='USB', led='led'",
            "led: got 'led', allowed is None, ('led', 0) or",
        ),
        ('bridge="USB",', "", "TypeError: Board.__init__() missing 1 required positional"),
        (
            'bridge="USB"',
            'bridge="USB", led=("ledx", 0)',
            "led: got ('ledx', 0), allowed is a resource of its platform, such as [('led', 0), ",
        ),
        (
            'bridge="USB"',
            'bridge="USB", button=("uart", 0)',
            "button: got ('uart', 0), allowed is ('uart', 0) with one of its parts: rx, tx",
        ),
        (
            'bridge="USB"',
            'bridge="USB", led=("led_g", 0, "g")',
            "led: got ('led_g', 0, 'g'), allowed is ('led_g', 0) alone: it has no parts",
        ),
        (
            'bridge="USB"',
            'bridge="USB", led=("button", 0)',
            "led: got ('button', 0), an input; allowed is an output",
        ),
        (
            'bridge="USB"',
            'bridge="USB", button=("led_g", 0)',
            "button: got ('led_g', 0), an output; allowed is an input",
        ),
        ('bridge="USB"', "bridge=None", "bridge: got None, allowed is a text"),
        (
            'bridge="USB"',
            'bridge="USB", usb=(0x0403, 0x6010)',
            "usb: got (1027, 24592), allowed is None or a Bridge of boards.usb",
        ),
        ('"A board of my own"', "None", "title: got None, allowed is a text"),
        ('device="iCE40UP5K-SG48"', "device=5", "device: got 5, allowed is the part's number"),
        (
            "from amaranth_boards.icebreaker import ICEBreakerPlatform\n\nfrom otus",
            "from amaranth_boards import icebraker\n\nfrom otus",
            "ImportError: cannot import name 'icebraker' from 'amaranth_boards'",
        ),
        (
            "platform=ICEBreakerPlatform",
            "platform=amaranth_boards.x",
            "NameError: name 'amaranth_b",
        ),
        ("BOARD = Board(", "raise SystemExit(0)\nBOARD = Board(", "mine.py: SystemExit: 0"),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in OWN
    path = tmp_path / "mine.py"
    path.write_text(PLATFORMS + OWN.replace(old, new))
    assert message in refused(str(path))
    assert refused(str(path)).startswith(f"{path}: ")


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.name)
def test_a_copy_of_a_file_of_the_package_is_the_same_board(board: Board, tmp_path: Path) -> None:
    (source,) = (p for p in FOLDER.glob("*.py") if f'name="{board.name}"' in p.read_text())
    copy = tmp_path / "copy.py"
    copy.write_text(source.read_text())
    found = find(f"{copy}:{board.name}")
    for field in ("title", "device", "family", "pll", "setups", "baud", "loader", "led", "button"):
        assert getattr(found, field) == getattr(board, field)
    platforms = [each.platform() for each in (found, board)]
    assert len({type(platform).__name__ for platform in platforms}) == 1
    assert len({repr(platform.resources) for platform in platforms}) == 1


def test_a_board_of_ones_own_may_be_a_changed_one_of_the_package(tmp_path: Path) -> None:
    path = tmp_path / "slow.py"
    path.write_text(
        "from dataclasses import replace\nfrom otus.boards import find\n"
        "BOARD = replace(find('tang-nano-9k'), baud=1_000_000)\n"
    )
    assert find(str(path)).baud == 1_000_000
    assert find(str(path)).title == find("tang-nano-9k").title


def test_every_module_that_defines_a_board_is_listed() -> None:
    defining = {
        p.stem for p in FOLDER.glob("*.py") if re.search(r"= Board\($", p.read_text(), re.M)
    }
    assert defining == set(_MODULES)


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.name)
def test_every_board_can_be_built(board: Board) -> None:
    """Clock, baud rate and pins are possible; names are unique; geometries are known."""
    assert sum(other.name == board.name for other in all_boards()) == 1
    platform = board.platform()
    for setup in board.setups:
        assert setup.geometry in NAMED
        assert setup.part.family in (board.family.name, "portable")
        board.pll.solve(round(platform.default_clk_frequency), setup.clock_hz)
        assert board.divisor(setup.clock_hz) >= 4
    assert platform.lookup("uart", 0)
    for resource in (board.led, board.button):
        assert resource is None or platform.lookup(*resource[:2])


def test_a_setup_is_chosen_by_geometry() -> None:
    board = find("ulx3s-85f")
    assert board.setup().geometry == "ecp5-85f"
    assert board.setup("ecp5-85f-16x8").clock_hz == 125_000_000
    assert board.setup("ecp5-85f-16x8").array.name == "16x8"


def test_any_other_geometry_gets_the_default_clock_and_part() -> None:
    board = find("icebreaker")
    setup = board.setup("2x2,requantise_bits=8")
    assert setup.array.name == "2x2"
    assert (setup.clock_hz, setup.part) == (board.setups[0].clock_hz, board.setups[0].part)
    with pytest.raises(GeometryError, match="geometry: got 'big', expected ROWSxCOLUMNS"):
        board.setup("big")


def test_another_clock_has_a_folder_of_its_own() -> None:
    board = find("ulx3s-85f")
    usual, slow = board.setup("ecp5-85f-16x8"), board.setup("ecp5-85f-16x8", 62_500_000)
    assert slow == replace(usual, clock_hz=62_500_000)
    assert board.folder(slow) == Path("ulx3s-85f", "ecp5-85f-16x8@62.5MHz")
    assert board.folder(usual) == Path("ulx3s-85f", "ecp5-85f-16x8")
    assert board.setup("ecp5-85f-16x8", 125_000_000) == usual


@pytest.mark.parametrize(
    ("clock_hz", "why", "near"),
    [
        (12_000_000, "Ice40PadPll: output 12 MHz, allowed is 16 MHz to 275 MHz", "18 MHz"),
        (16_000_000, "3000000 baud cannot be made from 16 MHz", "18 MHz"),
        (24_100_000, "Ice40PadPll: cannot make 24.1 MHz from 12 MHz", "24 MHz and 27 MHz"),
        (9_000_000, "got 3 clock cycles per bit, allowed is 4 to 65536", "18 MHz"),
    ],
)
def test_clocks_that_cannot_be_get_the_nearest_that_can(clock_hz: int, why: str, near: str) -> None:
    board = find("icebreaker")
    with pytest.raises(BoardError) as caught:
        board.check_clock(clock_hz)
    assert why in str(caught.value)
    assert str(caught.value).endswith(f"; clocks near it that PLL and link can both have: {near}")


def test_the_nearest_clocks_can_be_had() -> None:
    for board in all_boards():
        for hz in (1, 10_500_000, 33_000_001, 1_000_000_000):
            near = board.clocks_near(hz)
            assert near
            for each in near:
                board.check_clock(each)
    board = find("icebreaker")
    assert board.clocks_near(18_000_000) == [18_000_000]
    with pytest.raises(BoardError, match=r"choose a baud rate that divides the clock$"):
        replace(board, baud=400_000_000).check_clock(24_000_000)


def test_baud_rates_that_the_clock_cannot_make_are_refused() -> None:
    board = find("icebreaker")
    assert board.divisor(24_000_000) == 8
    with pytest.raises(
        BoardError, match=r"7000000 baud cannot be made from 24 MHz: 3 cycles a bit are 8000000"
    ):
        replace(board, baud=7_000_000).divisor(24_000_000)
