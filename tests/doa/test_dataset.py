from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from otus.doa.dataset import Dataset, write
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError

from .conftest import toy_set


@pytest.fixture(scope="module")
def toy() -> Dataset:
    made = toy_set(frames=2)
    rng = np.random.default_rng(0)
    audio = rng.integers(-9, 9, (len(made), 6, 2048), dtype=np.int16)
    return replace(made, audio=audio)


def test_sets_are_saved_and_loaded(toy: Dataset, tmp_path: Path) -> None:
    toy.save(tmp_path / "a.npz")
    loaded = Dataset.load(tmp_path / "a.npz")
    assert np.array_equal(loaded.features, toy.features)
    assert np.array_equal(loaded.audio, toy.audio)
    assert loaded.meta == toy.meta
    assert loaded.definition == UMA8
    assert loaded.summary() == toy.summary()
    replace(toy, audio=None).save(tmp_path / "b.npz")
    assert Dataset.load(tmp_path / "b.npz").audio is None


def test_the_same_set_has_the_same_bytes_and_a_failure_leaves_nothing(
    toy: Dataset, tmp_path: Path
) -> None:
    toy.save(tmp_path / "a.npz")
    before = (tmp_path / "a.npz").read_bytes()
    write(
        tmp_path / "b.npz",
        toy.meta,
        {"features": toy.features, **toy.fields},
        iter(np.array_split(toy.audio, 5)),
    )
    assert (tmp_path / "b.npz").read_bytes() == before
    assert Dataset.load(tmp_path / "b.npz", audio=False).audio is None

    def broken() -> Iterator[NDArray[np.int16]]:
        yield toy.audio[:3]
        raise OSError("the disk is full")

    with pytest.raises(DatasetError, match=r"a\.npz: cannot be written \(the disk is full\)"):
        write(tmp_path / "a.npz", toy.meta, {"features": toy.features}, broken())
    assert (tmp_path / "a.npz").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_where_keeps_rows_together(toy: Dataset) -> None:
    mask = toy["room"] == 1
    kept = toy.where(mask)
    assert len(kept) == 2
    assert set(kept["room"]) == {1}
    assert np.array_equal(kept.features, toy.features[mask])
    assert np.array_equal(kept.audio, toy.audio[mask])


def test_the_summary_leaves_out_what_there_is_not(toy: Dataset) -> None:
    fields = dict(toy.fields)
    fields["snr"] = np.full(len(toy), np.inf, dtype=np.float32)
    fields["rt60"] = np.full(len(toy), np.nan, dtype=np.float32)
    fields["rt60"][:4] = 0.5
    quartiles = replace(toy, fields=fields).summary()["quartiles"]
    assert set(quartiles) == {"elevation", "rt60", "distance"}
    assert quartiles["rt60"] == [0.5] * 5
    assert toy.summary()["sources"] == 36


def test_unreadable_sets_are_refused(tmp_path: Path, toy: Dataset) -> None:
    with pytest.raises(DatasetError, match="no such file; make it"):
        Dataset.load(tmp_path / "none.npz")
    toy.save(tmp_path / "a.npz")
    for content in (b"hello", b"", (tmp_path / "a.npz").read_bytes()[:5000]):
        (tmp_path / "text.npz").write_bytes(content)
        with pytest.raises(DatasetError, match=r"text\.npz: not a data set"):
            Dataset.load(tmp_path / "text.npz")
    np.save(tmp_path / "array.npy", toy.features)
    with pytest.raises(DatasetError, match=r"array\.npy: not a data set, .* with otus dataset"):
        Dataset.load(tmp_path / "array.npy")
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(DatasetError, match=r"other\.npz: not a data set of this version \('meta"):
        Dataset.load(tmp_path / "other.npz")
    with pytest.raises(DatasetError, match="make it again"):
        Dataset(toy.features[1:], toy.fields, toy.meta)
    with pytest.raises(DatasetError, match=r"shape \(12, 15\), its definition says \(13, 15\)"):
        Dataset(toy.features[:, 1:], toy.fields, toy.meta)
    with pytest.raises(DatasetError, match=r"audio of shape \(72, 5, 2048\).*need \(72, 6, 2048\)"):
        replace(toy, audio=toy.audio[:, 1:])
