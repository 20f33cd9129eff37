"""Docs and board files say the same; commands and links in the docs are real."""

import re
import shlex
from pathlib import Path
from textwrap import dedent

import board_pages
import pytest

from otus.boards import all_boards, find, measured
from otus.boards.board import Board
from otus.cli import main
from otus.driver.selftest import STEPS
from otus.driver.selftest.bench import LOWER_CLOCK

PAGES = sorted(board_pages.PAGES.glob("*.md"))
GUIDES = [*PAGES, board_pages.DOCS / "adding-a-board.md", board_pages.DOCS / "geometry.md"]
#: Pages that are of no single board.
COMMON = {"README", "measured"}


def test_every_board_has_a_page_and_every_page_a_board() -> None:
    boards = {board.name for board in all_boards()}
    assert {page.stem for page in PAGES} - COMMON == boards, f"run: {board_pages.COMMAND}"


def test_no_page_is_left_as_it_was_begun() -> None:
    begun = board_pages.new_page(find("icebreaker")).splitlines()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert begun[2] not in text, page
        assert begun[-1] not in text, page


@pytest.mark.parametrize(
    ("page", "sections"), board_pages.made().items(), ids=lambda value: getattr(value, "stem", "")
)
def test_what_follows_from_the_board_files_is_current(page: Path, sections: dict[str, str]) -> None:
    text = page.read_text(encoding="utf-8")
    assert board_pages.replaced(text, sections) == text, f"run: {board_pages.COMMAND}"


@pytest.mark.parametrize(
    ("part", "board"),
    [
        ("ECP5 85F", "ulx3s-85f"),
        ("ECP5 45F", "ulx3s-45f"),
        ("ECP5 25F", "ulx3s-25f"),
        ("iCE40 UP5K", "icebreaker"),
        ("iCE40 HX8K", "hx8k-b-evn"),
        ("GW1NR-9", "tang-nano-9k"),
        ("GW2A-18", "tang-primer-20k"),
    ],
)
def test_parts_and_their_arrays_are_those_that_are_built(part: str, board: str) -> None:
    text = (board_pages.DOCS / "geometry.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {part} \|.*", text, re.M)
    use = next(r["resources"] for r in measured.rows() if r["board"] == board)
    assert f"| {use['block RAM']['available']} x " in row
    for setup in find(board).setups:
        assert setup.array.name in row
        for bits in re.findall(r"(\d+) bits of the multiplier", row):
            assert int(bits) == setup.array.requantise_bits
    multipliers = [use[name]["available"] for name in ("DSP", "18x18 multipliers") if name in use]
    assert f"| {multipliers[0] or 'none'} " in row
    for count, total in re.findall(r"(\d+) of the (\d+) 9x9", row):
        assert use["9x9 multipliers"] == {"used": int(count), "available": int(total)}
    for count in re.findall(r"(\d+) 18x18 for", row):
        assert use["18x18 multipliers"]["used"] == int(count)


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.name)
def test_every_page_names_the_pins_of_the_link(board: Board) -> None:
    """Read from the platform's own file, by another way than the page's tables."""
    platform = board.platform()
    text = (board_pages.PAGES / f"{board.name}.md").read_text()
    for wire in platform.lookup("uart", 0).ios[:2]:
        (pins,) = wire.ios
        (name,) = pins.map_names(platform._conn_pins, wire)
        assert re.search(rf"{wire.name} pin {name}\b", text)
    for heading in ("## Wiring of the link", "## Good to know"):
        assert heading in text


def blocks(page: Path) -> list[list[str]]:
    """List the words of the lines in code blocks that call otus."""
    text = page.read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"^```\n(.*?)^```", text, re.S | re.M)).splitlines()
    calls = [line.split(">")[0] for line in lines if line.startswith("otus ")]
    return [shlex.split(line)[1:] for line in calls]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_commands_in_code_blocks_parse(page: Path) -> None:
    for name, *arguments in blocks(page):
        main.commands[name].make_context(name, arguments)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_commands_and_options_that_are_mentioned_exist(page: Path) -> None:
    for span in re.findall(r"`otus ([^`]+)`", page.read_text(encoding="utf-8")):
        name, *words = span.split()
        known = {option for parameter in main.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, span


def test_advice_of_the_self_test_leads_somewhere() -> None:
    calls = [span.split() for span in re.findall(r"`otus ([^`]+)`", LOWER_CLOCK)]
    assert [name for name, *_ in calls] == ["build", "flash"]
    for name, board, *options in calls:
        assert board == "BOARD"
        main.commands[name].make_context(name, ["icebreaker", options[0], "18"])
    for board in all_boards():
        page = (board_pages.PAGES / f"{board.name}.md").read_text(encoding="utf-8")
        clocks = re.findall(r"^\| a lower clock \| `--clock ([\d.]+)`", page, re.M)
        assert len(clocks) == len(board.setups)
        for clock, setup in zip(clocks, board.setups, strict=True):
            assert 0.45 < float(clock) * 1e6 / setup.clock_hz < 0.8
            board.check_clock(round(float(clock) * 1e6))


def test_there_are_commands_to_check() -> None:
    assert len(blocks(board_pages.PAGES / "icebreaker.md")) == 5


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.M)
            assert anchor in {h.lower().replace(" ", "-").replace(",", "") for h in headings}


def test_example_board_of_the_guide_can_be_built(tmp_path: Path) -> None:
    text = (board_pages.DOCS / "adding-a-board.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.S)
    assert code
    path = tmp_path / "my_board.py"
    path.write_text(code[1])
    board = find(str(path))
    setup = board.setup()
    board.pll.solve(round(board.platform().default_clk_frequency), setup.clock_hz)
    assert board.divisor(setup.clock_hz) > 4
    fields = {name for row in re.findall(r"^\| (`.+?`) \|", text, re.M) for name in row.split(", ")}
    told = {name.strip("`") for name in fields}
    beside = {"name", "title", "device", "file", "typed"}
    assert told | beside == set(type(board).__dataclass_fields__)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_files_of_the_guides_define_boards(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    codes = re.findall(r"^ *```python\n(.*?)^ *```", text, re.S | re.M)
    assert len(codes) == {"adding-a-board": 2, "ecpix5-85f": 1}.get(page.stem, 0)
    for code in codes:
        path = tmp_path / "own.py"
        path.write_text(dedent(code))
        board = find(str(path))
        assert board.divisor(board.setup().clock_hz)


def test_guide_shows_every_step_of_the_self_test() -> None:
    text = (board_pages.PAGES / "README.md").read_text(encoding="utf-8")
    for title in STEPS.values():
        assert f"ok      {title}" in text
