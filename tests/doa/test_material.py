import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from otus.doa.errors import DatasetError
from otus.doa.material import NONE, check_file, material, recordings, speak, split_of, stretch

FS = 16_000


def sound(path: Path, seed: int, rate: int = 22_050, seconds: float = 2.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    x = np.random.default_rng(seed).uniform(-0.5, 0.5, int(rate * seconds))
    soundfile.write(path, x, rate)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sounds")
    for k in range(60):
        sound(made / f"{k % 3}/{k}.wav", k, seconds=0.05)
    return made


def test_files_are_divided_over_the_splits_by_their_content(folder: Path, tmp_path: Path) -> None:
    splits = {name: set(recordings(folder, name).files) for name in ("train", "validation", "test")}
    assert sum(map(len, splits.values())) == len(set().union(*splits.values())) == 60
    assert 38 <= len(splits["train"]) <= 56
    moved = tmp_path / "moved"
    for k, path in enumerate(sorted(folder.rglob("*.wav"), reverse=True)):
        shutil.copy(path, moved.with_name(f"{k}.wav"))
        shutil.copy(path, moved.with_name(f"again-{k}.wav"))
    again = recordings(tmp_path, "test")
    before = recordings(folder, "test")
    assert [p.read_bytes() for p in again.files] == [p.read_bytes() for p in before.files]
    assert again.told == before.told
    assert again.count == len(splits["test"])
    assert f"{again.count} of 60 recordings, SHA-256" in again.told
    sound(tmp_path / "more.wav", 99)
    assert recordings(tmp_path, "test").told != before.told


def test_a_hash_says_the_split() -> None:
    at = {0.0: "train", 0.79: "train", 0.81: "validation", 0.89: "validation", 0.91: "test"}
    for share, split in at.items():
        assert split_of(f"{int(share * 2**32):08x}00") == split
    assert split_of("ffffffff") == "test"


def test_folders_without_recordings_for_a_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none: no such folder"):
        recordings(tmp_path / "none", "train")
    with pytest.raises(DatasetError, match=r"no recordings in it \(\.wav, \.flac, \.ogg\)"):
        recordings(tmp_path, "train")
    with pytest.raises(DatasetError, match="'demo': a folder's files are for the splits train, va"):
        recordings(tmp_path, "demo")
    path = sound(tmp_path / "a.wav", 0)
    splits = ["train", "validation", "test"]
    splits.remove(split_of(hashlib.sha256(path.read_bytes()).hexdigest()))
    for split in splits:
        with pytest.raises(DatasetError, match=f"none of its 1 recordings falls to .* '{split}'"):
            recordings(tmp_path, split)
    path.write_text("hello")
    with pytest.raises(DatasetError, match=r"a\.wav: not readable as audio .* remove it"):
        check_file(path)
    soundfile.write(path, np.zeros(0), FS)
    with pytest.raises(DatasetError, match=r"a\.wav: no samples in it"):
        check_file(path)


def test_a_stretch_is_converted_and_has_a_level(tmp_path: Path) -> None:
    t = np.arange(3 * 48_000) / 48_000
    tone = 0.01 * np.sin(2 * np.pi * 500 * t)
    soundfile.write(tmp_path / "a.flac", np.stack([tone, 0 * tone], axis=1), 48_000)
    x = stretch(tmp_path / "a.flac", FS, FS, np.random.default_rng(1))
    assert x.shape == (FS,)
    assert np.sqrt(np.mean(x**2)) == pytest.approx(1, abs=0.05)
    assert np.abs(np.fft.rfft(x[:8000])).argmax() == 250
    again = stretch(tmp_path / "a.flac", FS, FS, np.random.default_rng(1))
    assert np.array_equal(x, again)
    other = stretch(tmp_path / "a.flac", FS, FS, np.random.default_rng(2))
    assert not np.array_equal(x, other)


def test_a_short_recording_is_repeated_and_a_long_one_heard_where_it_sounds(tmp_path: Path) -> None:
    x = stretch(sound(tmp_path / "s.wav", 1, FS, 0.1), FS, FS, np.random.default_rng(1))
    np.testing.assert_array_equal(x[:1600], x[1600:3200])
    mostly = np.zeros(10 * FS)
    mostly[3 * FS : 5 * FS] = np.random.default_rng(0).uniform(-0.1, 0.1, 2 * FS)
    soundfile.write(tmp_path / "m.wav", mostly, FS)
    for seed in range(5):
        assert stretch(tmp_path / "m.wav", FS, FS, np.random.default_rng(seed)).any()


def test_silence_and_numbers_that_are_none_are_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "q.wav", np.zeros(FS), FS)
    with pytest.raises(DatasetError, match=r"q\.wav: silent in 20 stretches of 0.5 s; remove it"):
        stretch(tmp_path / "q.wav", FS // 2, FS, np.random.default_rng(0))
    bad = np.full(FS, np.nan, dtype=np.float32)
    soundfile.write(tmp_path / "n.wav", bad, FS, subtype="FLOAT")
    with pytest.raises(DatasetError, match=r"n\.wav: samples that are infinite or not a number"):
        stretch(tmp_path / "n.wav", FS // 2, FS, np.random.default_rng(0))


def test_the_material_is_chosen_and_contradictions_refused(folder: Path) -> None:
    assert material("demo", count=3, folder=None, speech=False) == NONE
    assert NONE.count == 0
    assert material("test", count=3, folder=folder, speech=True).files
    with pytest.raises(DatasetError, match="contradict"):
        material("test", count=3, folder=folder, speech=False)
    with pytest.raises(DatasetError, match="known splits"):
        material("dev", count=3, folder=None, speech=False)


def test_without_espeak_speech_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(DatasetError, match="apt-get install espeak-ng"):
        material("train", count=3, folder=None, speech=True)


def test_sentences_are_spoken_into_files(tmp_path: Path) -> None:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed on this machine")
    assert material("test", count=3, folder=None, speech=True).count == 3
    speak(tmp_path / "a.wav", "test", 1, FS, seed=2)
    x, fs = soundfile.read(tmp_path / "a.wav")
    assert fs == FS
    assert len(x) > FS
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]
