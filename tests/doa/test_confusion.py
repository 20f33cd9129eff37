"""The picture of an evaluation."""

from pathlib import Path

import numpy as np
import pytest

from otus.doa import confusion as module
from otus.doa.angles import task
from otus.doa.confusion import confusion, plot
from otus.doa.dataset import Dataset

from .conftest import toy_set

pytest.importorskip("matplotlib", reason="the extra 'doa' is not installed")


def test_rows_are_true_classes_and_sum_to_1() -> None:
    truth, found = np.array([[0.0], [0.0], [90.0]]), np.array([[0.0], [10.0], [90.0]])
    shares = confusion(found, truth, task("azimuth"))
    assert shares.shape == (36, 36)
    assert (shares[0, 0], shares[0, 1], shares[9, 9]) == (0.5, 0.5, 1)
    assert shares.sum() == 2


def test_a_picture_is_written(tmp_path: Path) -> None:
    toy, path = toy_set(frames=1), tmp_path / "scores.png"
    right, wrong = toy["azimuth"][:, None], (toy["azimuth"][:, None] + 30) % 360
    plot({"int8": right, "SRP-PHAT": wrong}, toy, task("azimuth"), path, title="toy")
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert path.stat().st_size > 20_000


def test_every_method_has_a_line_and_the_matrix_has_all_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = toy_set(frames=2)
    some = toy.where(np.arange(len(toy)) % 2 == 0)
    drawn: list[tuple[str, int, int]] = []

    def seen(name: str) -> None:
        drawing = getattr(module, name)

        def spy(axes: object, found: dict[str, object], dataset: Dataset, *more: object) -> None:
            drawn.append((name, len(found), len(dataset)))
            drawing(axes, found, dataset, *more)

        monkeypatch.setattr(module, name, spy)

    for name in ("matrix", "curves", "banded"):
        seen(name)
    whole, part = toy["azimuth"][:, None], some["azimuth"][:, None]
    beside = {"int8": part, "SRP-PHAT": (part + 30) % 360, "MUSIC": part}
    plot({"int8": whole}, toy, task("azimuth"), tmp_path / "a.png", beside=beside, some=some)
    assert drawn == [("matrix", 1, 72), ("curves", 3, 36), *[("banded", 3, 36)] * 3]
