"""The tables of docs/datasets.md and docs/features.md against the code."""

import re

import numpy as np

from otus.doa.conditions import CONDITIONS
from otus.doa.dataset import FIELDS
from otus.doa.definitions import PRESETS
from otus.doa.speech import KINDS

from .conftest import ROOT

DATASETS = (ROOT / "docs/datasets.md").read_text(encoding="utf-8")
FEATURES = (ROOT / "docs/features.md").read_text(encoding="utf-8")


def rows(text: str, head: str) -> dict[str, list[str]]:
    """The rows of the table whose head starts so, by their first cell."""
    lines = text[text.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


def test_conditions_are_as_documented() -> None:
    table = rows(DATASETS, "condition")
    assert set(table) == set(CONDITIONS)
    for name, condition in CONDITIONS.items():
        ranges, sources = table[name][:3], table[name][3]
        assert sources.startswith(f"{condition.sources},")
        for told, values in zip(
            ranges, (condition.rt60, condition.snr, condition.distance), strict=True
        ):
            finite = np.isfinite(values).all()
            assert told == ("-".join(f"{v:g}" for v in values) if finite else "-")


def test_fields_and_their_numbers_are_as_documented() -> None:
    table = rows(DATASETS, "array | holds")
    names = [name for cell in table for name in re.findall(r"\w+", cell)]
    assert set(names) == {"features", "audio", "meta", *FIELDS}
    for k, name in enumerate(CONDITIONS):
        assert f"{k} {name}" in table["condition"][0]
    for k, name in enumerate(KINDS):
        assert f"{k} {name}" in table["kind"][0]


def test_presets_are_as_documented() -> None:
    table = rows(FEATURES, "`--array`")
    assert set(table) == set(PRESETS)
    for name, d in PRESETS.items():
        _, fs, shape, c = table[name]
        assert (fs, shape, c) == (f"{d.fs:,}", f"{d.shape[0]} x {d.shape[1]}", f"{d.c:g}")
