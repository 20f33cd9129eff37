import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from otus.doa.arrays import Array, circle
from otus.doa.clips import CLIP
from otus.doa.conditions import CONDITIONS, EASY, HARD, REFERENCE, TWO
from otus.doa.dataset import Dataset
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError
from otus.doa.features import FeatureDefinition, gcc_phat
from otus.doa.generate import alone, make, shard, work_folder
from otus.doa.material import recordings
from otus.doa.speech import KINDS

COUNT = UMA8.count(int(CLIP * 16_000))


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
    features = gcc_phat(small.audio / np.float32(32768), UMA8)
    # The number of threads of linear algebra changes the last bits.
    np.testing.assert_allclose(features, small.features, atol=1e-6)


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


def test_the_bytes_depend_on_neither_workers_nor_interruptions(tmp_path: Path) -> None:
    plain = tmp_path / "plain.npz"
    make("test", 5, clips=1, conditions=(EASY, TWO), speech=False, audio=True, path=plain)
    want = plain.read_bytes()
    broken = tmp_path / "broken.npz"
    command = [
        *(sys.executable, "-P", "-m", "otus", "dataset", str(broken), "--split", "test"),
        *("--rooms", "5", "--clips", "1", "--condition", "easy", "--condition", "two"),
        *("--no-speech", "--audio"),
    ]
    # Stopped in the middle, on two processes ...
    first = subprocess.Popen(
        [*command, "--workers", "2"], stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    work = work_folder(broken)
    limit = time.monotonic() + 120
    while len(list(work.glob("room-*.npz"))) < 2 and time.monotonic() < limit:
        time.sleep(0.01)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=120)
    rooms = len(list(work.glob("room-*.npz")))
    if first.returncode:  # it may have been done before the signal came
        assert first.returncode == 1
        assert f"interrupted; {rooms} of 5 rooms are kept in {work}" in said
        assert "Traceback" not in said
        assert not broken.exists()
        # ... and at the end of that, one room is lost and one is half-written ...
        for lost in list(work.glob("room-*.npz"))[:1]:
            lost.with_name(f".{lost.name}.part").write_bytes(lost.read_bytes()[:99])
            lost.unlink()
    # ... and done by one.
    make("test", 5, clips=1, conditions=(EASY, TWO), speech=False, audio=True, path=broken)
    assert broken.read_bytes() == want
    assert not work.exists()
    stamp = broken.stat().st_mtime_ns
    again = make("test", 5, clips=1, conditions=(EASY, TWO), speech=False, audio=True, path=broken)
    assert broken.stat().st_mtime_ns == stamp
    assert again.meta["made_by"]["versions"]["numpy"] == np.__version__
    assert again.meta["made_by"]["speech"].startswith("none")


def test_another_set_is_never_taken_for_this_one(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    options = {"clips": 1, "speech": False, "path": path}
    make("test", 1, **options)
    with pytest.raises(
        DatasetError, match=r"a\.npz: made with other settings \(seed 1, wanted is 2"
    ):
        make("test", 1, seed=2, **options)
    with pytest.raises(DatasetError, match="audio False, wanted is True"):
        make("test", 1, audio=True, **options)
    ring = FeatureDefinition(Array("ring", circle(0.03, 6)), max_lag=6)
    with pytest.raises(
        DatasetError, match=r"features\.array 'uma8', wanted is 'ring'; features\.p"
    ):
        make("test", 1, definition=ring, **options)
    path.unlink()
    work = work_folder(path)
    work.mkdir()
    (work / "plan.json").write_text(json.dumps({"split": "train"}))
    with pytest.raises(
        DatasetError, match=r"a\.npz\.work: made with other settings \(split 'train'"
    ):
        make("test", 1, **options)
    (work / "plan.json").write_text("{")
    with pytest.raises(DatasetError, match=r"plan\.json: damaged .*; remove .*a\.npz\.work"):
        make("test", 1, **options)


def test_one_run_at_a_time_and_damaged_rooms_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    options = {"clips": 1, "speech": False, "path": path}
    work = work_folder(path)
    work.mkdir()
    with (
        alone(work),
        pytest.raises(DatasetError, match=r"a\.npz\.work: another run is at work in it"),
    ):
        make("test", 1, **options)
    shard(work, 0).write_bytes(b"")
    with pytest.raises(DatasetError, match=r"room-000000\.npz: damaged .* remove it and run again"):
        make("test", 1, **options)
    shard(work, 0).unlink()
    assert len(make("test", 1, **options)) > 0
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match=r"file/a\.npz\.work: cannot be made"):
        make("test", 1, clips=1, speech=False, path=tmp_path / "file" / "a.npz")


def test_recordings_of_a_folder_sound_in_their_split_alone(tmp_path: Path) -> None:
    for k in range(30):
        x = np.random.default_rng(k).uniform(-0.3, 0.3, 16_000)
        soundfile.write(tmp_path / f"{k}.wav", x, 16_000)
    made = make("train", 2, clips=2, folder=tmp_path, conditions=(EASY,))
    files = recordings(tmp_path, "train").files
    assert made.meta["material"] == len(files)
    assert "recordings, SHA-256" in made.meta["made_by"]["speech"]
    assert (made["source"][made["kind"] == 0] < len(files)).all()
    assert (made["kind"] == 0).any()


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(DatasetError, match="rooms: got 0"):
        make("train", 0)
    with pytest.raises(DatasetError, match="known splits: train"):
        make("dev", 1)
    with pytest.raises(DatasetError, match="pool: got 0"):
        make("train", 1, pool=0)
    with pytest.raises(DatasetError, match="seed: got -1, allowed are integers from 0"):
        make("train", 1, seed=-1)
    with pytest.raises(DatasetError, match="conditions: got none"):
        make("train", 1, conditions=())
    with pytest.raises(DatasetError, match="condition 'easy': not the one of that name"):
        make("train", 1, conditions=(dataclasses.replace(EASY, snr=(0, 0)),))
    wide = FeatureDefinition(Array("wide", circle(0.41, 4)))
    with pytest.raises(DatasetError, match=r"'wide': a microphone is 0\.41 m .* are 0\.4 m"):
        make("train", 1, definition=wide)
    long = FeatureDefinition(UMA8.array, frame=20_000, n_fft=20_000)
    with pytest.raises(DatasetError, match=r"got 20000 samples at 16000 Hz, a clip is 1\.2 s long"):
        make("train", 1, definition=long)
