import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from otus.doa.errors import RecordingError
from otus.doa.recording import above_noise, active, levels, read


def noise(channels: int = 6, samples: int = 5000) -> NDArray[np.int16]:
    return np.random.default_rng(0).integers(-9000, 9000, (channels, samples)).astype(np.int16)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_16_bits_come_back_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, noise().T, 16_000, subtype="PCM_16")
    samples, fs = read(path)
    assert samples.dtype == np.int16
    assert fs == 16_000
    np.testing.assert_array_equal(samples, noise())


def test_24_bits_and_float_come_back_as_float32(tmp_path: Path) -> None:
    fine = noise() / 32768 + 2**-20
    for subtype in ("PCM_24", "FLOAT"):
        soundfile.write(tmp_path / "a.wav", fine.T, 16_000, subtype=subtype)
        samples, _ = read(tmp_path / "a.wav")
        assert samples.dtype == np.float32
        np.testing.assert_allclose(samples, fine, atol=2**-22)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"none\.wav: no such file"):
        read(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(RecordingError, match=r"text\.wav: not readable as WAV or FLAC"):
        read(tmp_path / "text.wav")


@pytest.mark.parametrize("kept", [13, 40, 44, 20_000, -1])
def test_truncated_wavs_are_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise().T, 16_000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(RecordingError, match="truncated"):
        read(path)


def test_a_truncated_flac_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(samples=30_000).T, 16_000, subtype="PCM_16")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RecordingError, match=r"truncated|damaged"):
        read(path)


def test_other_chunks_before_the_samples_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, noise().T, 16_000, subtype="PCM_16")
    whole = path.read_bytes()
    at = whole.index(b"data")
    note = b"note" + struct.pack("<I", 3) + b"abc\0"
    path.write_bytes(
        whole[:4] + struct.pack("<I", len(whole) + len(note) - 8) + whole[8:at] + note + whole[at:]
    )
    np.testing.assert_array_equal(read(path)[0], noise())


def test_levels_are_in_decibels_of_full_scale() -> None:
    frames = np.ones((2, 6, 2048), dtype=np.float32)
    frames[1] *= 0.1
    np.testing.assert_allclose(levels(frames), [0, -20], atol=1e-5)


def test_the_gate_is_relative_to_the_loud_frames_and_has_a_floor() -> None:
    gains = np.array([0.0, 1.0, 0.2, 0.1, 1.0, 0.19]) * 0.1
    frames = np.ones((6, 6, 2048), dtype=np.float32) * gains[:, None, None].astype(np.float32)
    assert active(frames).tolist() == [False, True, True, False, True, True]
    assert not active(frames * np.float32(1e-3)).any()
    assert active(frames[:0]).shape == (0,)


def at_levels(*decibels: float) -> NDArray[np.float32]:
    """Frames of these levels."""
    gains = 10 ** (np.array(decibels, dtype=np.float32) / 20)
    return np.ones((len(decibels), 6, 2048), dtype=np.float32) * gains[:, None, None]


def test_pauses_of_a_noisy_recording_hold_no_sound() -> None:
    frames = at_levels(-30, -30, -30, -22, -20, -25, -30, -18)
    assert active(frames).all()
    assert above_noise(frames).tolist() == [0, 0, 0, 1, 1, 0, 0, 1]
    assert not above_noise(at_levels(-80, -80)).any()
    assert above_noise(frames[:0]).shape == (0,)


def test_sound_without_pauses_is_not_its_own_noise() -> None:
    assert above_noise(at_levels(-20, -21, -20, -23)).all()
    quiet = at_levels(*[-60] * 3, *[-20, -30] * 3)
    np.testing.assert_array_equal(above_noise(quiet), active(quiet))
