"""The path on real microphones: a label, an exact turn of the array, and no mirror image."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from recordings import MISSING, QUARTERS, SQUARE, Labelled, folder, labelled

from otus.doa.angles import AZIMUTH, circular_mean
from otus.doa.features import gcc_phat, srp_phat
from otus.doa.recording import active

AZIMUTHS = np.arange(0.0, 360.0, 5.0)


def power(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Steered power of the active frames, [n, 72]."""
    frames = SQUARE.frames(samples)
    return srp_phat(gcc_phat(frames[active(frames)], SQUARE), SQUARE, AZIMUTHS)


@pytest.mark.parametrize("turn", QUARTERS)
def test_one_source_is_where_its_label_says_and_turns_with_the_channels(turn: int) -> None:
    recordings = labelled(1)
    assert [r.distance for r in recordings] == [0.5, 1.5, 2.5]
    for recording in recordings:
        samples, (azimuth,) = recording.turned(turn)
        assert azimuth == (180, 270, 0, 90)[turn]
        peaks = AZIMUTHS[power(samples).argmax(axis=1)]
        assert np.median(AZIMUTH.error(peaks, azimuth)) <= 10
        assert AZIMUTH.error(circular_mean(peaks), azimuth) <= 10


def test_two_sources_are_at_180_and_225_not_at_the_mirror_image_135() -> None:
    (recording,) = labelled(2)
    samples, azimuths = recording.turned()
    assert azimuths == (180, 225)
    counts = np.bincount(power(samples).argmax(axis=1), minlength=72)

    def near(azimuth: float) -> float:
        return float(counts[AZIMUTH.error(AZIMUTHS, azimuth) <= 15].sum())

    assert near(225) > 3 * near(135)
    assert near(225) + near(180) > 3 * near(0)


def test_labels_are_read_from_names_and_a_missing_folder_is_a_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTUS_RECORDINGS", str(tmp_path))
    assert folder() is None
    with pytest.raises(pytest.skip.Exception, match=MISSING):
        labelled(1)
    for name in ("a180e20_a225e35__150cm__x.wav", "a90e0__50cm__y.wav", "other.wav"):
        (tmp_path / name).touch()
    assert labelled(2) == [
        Labelled(tmp_path / "a180e20_a225e35__150cm__x.wav", (180, 225), (20, 35), 1.5)
    ]
    assert [r.azimuths for r in labelled(1)] == [(90.0,)]
