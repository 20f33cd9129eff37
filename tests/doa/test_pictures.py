from pathlib import Path

import numpy as np
import pytest

from otus.doa import pictures
from otus.doa.definitions import UMA8
from otus.doa.locate import Segment
from otus.doa.rooms import Room

TRUTH = Segment(0.5, 1.0, 358.0, 20.0)


def draw(folder: Path, turn: int) -> dict[str, bytes]:
    """Every picture, of something that `turn` changes."""
    pytest.importorskip("matplotlib", reason="the extra 'doa' is not installed")
    folder.mkdir()
    rng = np.random.default_rng(turn)
    truth = Segment(0.5, 1.0, 10.0 * turn, 20.0)
    pictures.room(folder / "room", Room((5, 4, 3), rt60=0.3), (2, 2, 1), UMA8, [(10 * turn, 0, 1)])
    pictures.sound(folder / "sound", rng.normal(size=(6, 2048)).astype(np.float32), 16_000)
    pictures.features(folder / "features", np.zeros((13, 15), dtype=np.float32), UMA8, truth)
    layers = [("a", np.zeros((4, 8), np.int8)), ("b", rng.integers(0, 9, 8).astype(np.int8))]
    pictures.network(folder / "network", layers)
    rows = np.roll(np.eye(36)[:10], turn, axis=1)
    pictures.probabilities(folder / "probabilities", rows[0], 10.0 * turn, truth,
                           0.1 * np.arange(10.0), rows, [truth])  # fmt: skip
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pictures_show_what_they_are_given_and_are_the_same_bytes_again(tmp_path: Path) -> None:
    first, again, other = (draw(tmp_path / str(k), turn) for k, turn in enumerate((1, 1, 7)))
    assert len(first) == 5
    for name, content in first.items():
        assert content.startswith(b"\x89PNG"), name
        assert content == again[name], name
        assert content != other[name], name
