import shutil

import numpy as np
import pytest

from otus.doa import generate
from otus.doa.conditions import CONDITIONS, EASY, HARD, REFERENCE, TWO
from otus.doa.dataset import Dataset
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError
from otus.doa.features import gcc_phat
from otus.doa.generate import make
from otus.doa.speech import KINDS

COUNT = UMA8.count(int(generate.CLIP * 16_000))


@pytest.fixture(scope="module")
def small() -> Dataset:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    return make("test", 3, clips=2, conditions=(EASY, HARD), pool=2, seed=4, audio=True)


def test_frames_come_with_their_truth(small: Dataset) -> None:
    assert small.features.shape == (len(small), 13, 15)
    assert small.features.dtype == np.float32
    assert np.isfinite(small.features).all()
    assert 30 < len(small) <= 3 * 2 * COUNT
    assert set(small["room"]) == {0, 1, 2}
    assert set(small["clip"] // 2) == {0, 1, 2}
    easy = small["condition"] == list(CONDITIONS).index("easy")
    assert set(small["room"][easy]) == {0, 2}
    assert (small["rt60"][easy] <= 0.4).all()
    assert (small["snr"][easy] >= 15).all()
    assert ((small["distance"] >= 0.5) & (small["distance"] <= 3)).all()
    assert ((small["elevation"] >= 0) & (small["elevation"] <= 90)).all()
    assert np.isnan(small["azimuth_2"]).all()
    assert (small["source_2"] == -1).all()
    spoken = small["kind"] == KINDS.index("speech")
    assert ((small["source"] < 2) == spoken).all()
    noises = {(c, s) for c, s in zip(small["clip"], small["source"], strict=True) if s >= 2}
    assert len(noises) == len({s for _, s in noises})


def test_features_are_those_of_the_audio(small: Dataset) -> None:
    assert small.audio is not None
    assert np.array_equal(gcc_phat(small.audio / np.float32(32768), UMA8), small.features)


def test_two_sources_have_two_directions_and_two_materials() -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    made = make("validation", 2, clips=4, conditions=(TWO, REFERENCE), pool=2, seed=1)
    two = made["condition"] == list(CONDITIONS).index("two")
    gap = (made["azimuth"] - made["azimuth_2"] + 180) % 360 - 180
    assert (np.abs(gap[two]) >= 25).all()
    assert np.isfinite(made["elevation_2"][two]).all()
    assert (made["source"] != made["source_2"]).all()
    assert (made["source_2"][two] >= 0).all()
    assert np.isnan(made["azimuth_2"][~two]).all()
    assert np.isinf(made["snr"][~two]).all()
    assert np.isnan(made["rt60"][~two]).all()
    kinds = {KINDS[k] for k in made["kind"][~two]}
    assert kinds <= {"speech", "white"}


def test_the_same_seed_gives_the_same_set_and_another_split_another(small: Dataset) -> None:
    again = make("test", 3, clips=2, conditions=(EASY, HARD), pool=2, seed=4)
    assert np.array_equal(again.features, small.features)
    other = make("validation", 1, clips=1, pool=1, seed=4)
    assert not set(other["rt60"]) & set(small["rt60"])


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(DatasetError, match="rooms: got 0"):
        make("train", 0)
    with pytest.raises(DatasetError, match="known splits: train"):
        make("dev", 1)
