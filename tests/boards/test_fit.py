"""What cannot fit is said before synthesis: by depths, and by what the design instances."""

from dataclasses import replace
from typing import Any

import pytest
from amaranth.hdl import Fragment

from otus.boards import all_boards, find, fit, measured
from otus.boards.fit import check_depths, check_instanced
from otus.boards.timing import FitError
from otus.hw.parts import FAMILIES, Part
from otus.hw.parts.memory import BlockMemory


def instances(board: str, **counts: int) -> None:
    """Check a design that instances so many cells of each type."""
    cells = "".join(
        f"  cell \\{kind} \\{kind}_{n}\n  end\n"
        for kind, count in counts.items()
        for n in range(count)
    )
    check_instanced(find(board), f"module \\top\n{cells}end\n")


@pytest.mark.parametrize(
    ("board", "counts", "short"),
    [
        (
            "icebreaker",
            {"SB_MAC16": 32, "SB_SPRAM256KA": 32, "SB_RAM40_4K": 33},
            "DSP: needs 32, has 8; block RAM: needs 33, has 30; SPRAM: needs 32, has 4",
        ),
        ("hx8k-b-evn", {"SB_MAC16": 1}, "DSP: needs 1, has 0"),
        ("ulx3s-25f", {"MULT18X18D": 32, "DP16KD": 56}, "DSP: needs 32, has 28"),
        ("orangecrab-85f", {"DP16KD": 200, "PDPW16KD": 9}, "block RAM: needs 209, has 208"),
        (
            "tang-nano-9k",
            {"MULT9X9": 41, "SDPB": 20, "SDPX9B": 7},
            "9x9 multipliers: needs 41, has 40; block RAM: needs 27, has 26",
        ),
        (
            "tang-nano-9k",
            {"MULT9X9": 33, "MULT18X18": 4},
            "places of 18x18 multipliers, each for one or for two 9x9: needs 21, has 20",
        ),
    ],
)
def test_what_is_instanced_is_compared_with_the_device(
    board: str, counts: dict[str, int], short: str
) -> None:
    with pytest.raises(FitError) as caught:
        instances(board, **counts)
    assert str(caught.value) == f"does not fit ({short})"


def test_what_fits_passes() -> None:
    instances("icebreaker", SB_MAC16=8, SB_SPRAM256KA=4, SB_RAM40_4K=30)
    instances("tang-nano-9k", MULT9X9=32, MULT18X18=4, SDPB=26)
    instances("ulx3s-85f", MULT18X18D=156, DP16KD=208, ALU54B=1000)


def test_devices_that_are_not_known_are_left_to_place_and_route() -> None:
    platform = type("Other", (find("icebreaker").platform,), {"device": "iCE40LP384"})
    board = replace(find("icebreaker"), platform=platform)
    check_instanced(board, "module \\top\n  cell \\SB_MAC16 \\one\n  end\nend\n")


@pytest.mark.parametrize("board", all_boards(), ids=lambda board: board.name)
def test_every_board_has_a_known_device(board: Any) -> None:
    """As place and route counted it, where that was measured."""
    have = fit._available(board)
    assert have.keys() == board.family.resources.keys()
    for setup in board.setups:
        check_depths(board, setup)
        row = measured.row(board.name, setup.geometry)
        if row and "resources" in row:
            assert have == {name: use["available"] for name, use in row["resources"].items()}


@pytest.mark.parametrize(
    ("board", "geometry", "short"),
    [
        ("icebreaker", "32x32", "words in one block RAM (link_bytes): needs 4096, has 2048"),
        ("icebreaker", "up5k,activation_words=4096", "(activation_words): needs 4096, has 2048"),
        (
            "icebreaker",
            "up5k,weight_words=16385",
            "(weight_words): needs 16385, has 16384",
        ),
        ("hx8k-b-evn", "4x4", "words in one block RAM (weight_words): needs 8192, has 2048"),
        ("tang-nano-9k", "1x1", "words in one block RAM (weight_words): needs 65536, has 16384"),
    ],
)
def test_memories_that_are_too_deep_are_named_by_their_option(
    board: str, geometry: str, short: str
) -> None:
    with pytest.raises(FitError) as caught:
        check_depths(find(board), find(board).setup(geometry))
    assert short in str(caught.value)


def built(family: str, depth: int) -> bool:
    """Tell whether the gateware has such a memory of bytes for a family."""
    platform = type("Platform", (), {"part": Part(family)})
    try:
        Fragment.get(BlockMemory(8, depth), platform())
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("family", FAMILIES)
def test_depths_are_those_of_the_gateware(family: str) -> None:
    most = fit._DEPTHS.get(family, 65536)
    assert built(family, most)
    assert built(family, most + 1) is (family not in fit._DEPTHS)
