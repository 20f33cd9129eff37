import shutil
from pathlib import Path

import numpy as np
import pytest

from otus.doa import dataset
from otus.doa.arrays import PRESETS, preset
from otus.doa.dataset import CONDITIONS, EASY, HARD, Condition, Dataset, draw_room, draw_scene, make
from otus.doa.errors import DatasetError
from otus.doa.features import FeatureDefinition, gcc_phat, srp_phat
from otus.doa.speech import KINDS, SPLITS

UMA8 = FeatureDefinition()


@pytest.fixture(scope="module")
def small() -> Dataset:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    return make("test", 3, clips=2, conditions=(EASY, HARD), pool=2, seed=4)


def test_frames_come_with_their_truth(small: Dataset) -> None:
    assert small.features.shape == (len(small), 13, 15)
    assert small.features.dtype == np.float32
    assert np.isfinite(small.features).all()
    assert 30 < len(small) <= 3 * 2 * UMA8.count(int(dataset.CLIP * 16_000))
    assert set(small["room"]) == {0, 1, 2}
    assert set(small["clip"] // 2) == {0, 1, 2}
    easy = small["condition"] == list(CONDITIONS).index("easy")
    assert set(small["room"][easy]) == {0, 2}
    assert (small["rt60"][easy] <= 0.4).all()
    assert (small["snr"][easy] >= 15).all()
    assert ((small["distance"] >= 0.5) & (small["distance"] <= 3)).all()
    assert ((small["elevation"] >= 0) & (small["elevation"] <= 90)).all()
    speech = KINDS.index("speech")
    assert ((small["source"] >= 0) == (small["kind"] == speech)).all()


def test_the_same_seed_gives_the_same_set_and_another_split_another(small: Dataset) -> None:
    again = make("test", 3, clips=2, conditions=(EASY, HARD), pool=2, seed=4)
    assert np.array_equal(again.features, small.features)
    other = make("validation", 1, clips=1, pool=1, seed=4)
    assert not set(other["rt60"]) & set(small["rt60"])


def test_sets_are_saved_and_loaded(small: Dataset, tmp_path: Path) -> None:
    small.save(tmp_path / "a.npz")
    loaded = Dataset.load(tmp_path / "a.npz")
    assert np.array_equal(loaded.features, small.features)
    assert loaded.meta == small.meta
    assert loaded.definition == UMA8
    assert loaded.summary() == small.summary()
    assert loaded.summary()["rooms"] == 3


def test_where_keeps_rows_together(small: Dataset) -> None:
    kept = small.where(small["room"] == 1)
    assert set(kept["room"]) == {1}
    assert np.array_equal(kept.features, small.features[small["room"] == 1])


def test_unreadable_sets_are_refused(tmp_path: Path, small: Dataset) -> None:
    with pytest.raises(DatasetError, match="no such file; make it"):
        Dataset.load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(DatasetError, match=r"text\.npz: not a data set"):
        Dataset.load(tmp_path / "text.npz")
    with pytest.raises(DatasetError, match="make it again"):
        Dataset(small.features[1:], small.fields, small.meta)
    with pytest.raises(DatasetError, match=r"shape \(12, 15\), its definition says \(13, 15\)"):
        Dataset(small.features[:, 1:], small.fields, small.meta)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_clean_scene_is_heard_from_where_its_label_says(name: str) -> None:
    d = FeatureDefinition(preset(name))
    rng = np.random.default_rng(8)
    azimuths = np.arange(0.0, 360.0, 5.0)
    dry = dataset.noise(rng, 16_000, 16_000)
    quiet = Condition("quiet", rt60=(0.15, 0.2), snr=(40, 40), distance=(0.5, 0.8), dome=1.0)
    errors = []
    for _ in range(6):
        scene = draw_scene(quiet, draw_room(quiet, rng), d, rng)
        if scene.elevation < 60:
            mix, clean = dataset.render(scene, dry, d, rng)
            assert mix.dtype == np.int16
            assert mix.shape == clean.shape == (d.array.mics, 16_000)
            power = srp_phat(gcc_phat(d.frames(mix), d), d, azimuths).sum(axis=0)
            gap = abs(azimuths[power.argmax()] - scene.azimuth)
            errors.append(min(gap, 360 - gap))
    assert len(errors) >= 3
    assert max(errors) <= 10


@pytest.mark.parametrize("snr", [0.0, 20.0])
def test_noise_is_as_loud_as_the_condition_says(snr: float) -> None:
    rng = np.random.default_rng(9)
    condition = Condition("c", rt60=(0.3, 0.3), snr=(snr, snr), distance=(1, 1), dome=0.0)
    scene = draw_scene(condition, draw_room(condition, rng), UMA8, rng)
    mix, clean = dataset.render(scene, dataset.noise(rng, 16_000, 16_000), UMA8, rng)
    background = mix / 32767 - clean
    measured = 10 * np.log10(np.mean(clean**2) / np.mean(background**2))
    assert measured == pytest.approx(snr, abs=1.5)
    assert np.abs(mix).max() < 32767


def test_impossible_conditions_and_sizes_are_refused() -> None:
    far = Condition("far", rt60=(0.3, 0.3), snr=(0, 30), distance=(20, 30), dome=1.0)
    rng = np.random.default_rng(0)
    with pytest.raises(DatasetError, match="'far': no space"):
        draw_scene(far, draw_room(far, rng), UMA8, rng)
    with pytest.raises(DatasetError, match="rooms: got 0"):
        make("train", 0)
    with pytest.raises(DatasetError, match="known splits: train"):
        make("dev", 1)


def test_every_split_has_its_own_stream_of_rooms() -> None:
    drawn = [
        draw_room(HARD, np.random.default_rng([1, split.number, 2, 0])) for split in SPLITS.values()
    ]
    assert len(set(drawn)) == len(SPLITS)
