"""The gallery page: made again from the shipped files, and the committed one is that page."""

import re
from pathlib import Path

import numpy as np
import pytest

from otus.doa.gallery import COMMAND, layers, make_page

from .conftest import ROOT

DOCS = ROOT / "docs"
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
#: Pictures may weigh this much together, bytes.
HEAVY = 600_000


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
    pytest.importorskip("pyroomacoustics", reason="the extra 'train' is not installed")
    folder = tmp_path_factory.mktemp("docs")
    return make_page(folder, folder / "out", rooms=2)


def test_every_picture_of_the_page_is_there_and_light(page: Path) -> None:
    for of in (page, DOCS / "gallery.md"):
        shown = re.findall(r"!\[.+\]\((.+)\)", of.read_text(encoding="utf-8"))
        files = sorted((of.parent / "gallery").glob("*.png"))
        assert sorted(of.parent / name for name in shown) == files
        assert len(files) == 6
        assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)
        assert sum(file.stat().st_size for file in files) < HEAVY


def test_the_committed_page_is_what_the_command_makes(page: Path) -> None:
    made, committed = (
        p.read_text(encoding="utf-8").split("## 6.")[0] for p in (page, DOCS / "gallery.md")
    )
    remedy = f"run {COMMAND} and commit docs/gallery.md"
    assert NUMBER.sub("0", made) == NUMBER.sub("0", committed), remedy
    numbers = ([float(n.replace(",", "")) for n in NUMBER.findall(t)] for t in (made, committed))
    np.testing.assert_allclose(*numbers, atol=0.11, err_msg=remedy)


def test_the_frame_of_the_page_is_right(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = re.search(r"neighbours: ([\d.]+) degrees, where the truth is (\d+)", text)
    assert found is not None
    assert abs(float(found[1]) - float(found[2])) < 5


def test_the_layers_are_those_of_the_network() -> None:
    pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
    held = layers(ROOT / "models/azimuth.tflite", np.zeros((13, 15), dtype=np.float32))
    assert [(name, values.shape) for name, values in held] == [
        ("features", (13, 15)),
        ("convolution", (11, 64)),
        ("convolution", (9, 64)),
        ("max-pool", (4, 64)),
        ("dense", (100,)),
        ("dense", (36,)),
        ("softmax", (36,)),
    ]
