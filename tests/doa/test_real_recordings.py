"""The path on real microphones: a label, an exact turn of the array, and no mirror image."""

from pathlib import Path

import numpy as np
import pytest

from otus.doa.angles import AZIMUTH, circular_mean
from otus.doa.arrays import preset
from otus.doa.features import FeatureDefinition, gcc_phat, srp_phat
from otus.doa.recording import active, read

SQUARE = FeatureDefinition(preset("respeaker4"))
AZIMUTHS = np.arange(0.0, 360.0, 5.0)


def power(path: Path, turn: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Steered power of the active frames, [n, 72]; `turn` quarter turns of the array."""
    samples, _ = read(path, SQUARE)
    frames = SQUARE.frames(np.roll(samples, turn, axis=0))
    return srp_phat(gcc_phat(frames[active(frames)], SQUARE), SQUARE, AZIMUTHS)


@pytest.mark.parametrize("distance", ["50cm", "150cm", "250cm"])
@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_one_source_is_where_its_label_says_and_turns_with_the_channels(
    recordings: Path, distance: str, turn: int
) -> None:
    (path,) = recordings.glob(f"a180e20__{distance}__*.wav")
    peaks = AZIMUTHS[power(path, turn).argmax(axis=1)]
    want = (180 + 90 * turn) % 360
    error = AZIMUTH.error(peaks, want)
    assert np.median(error) <= 10
    assert AZIMUTH.error(circular_mean(peaks), want) <= 10


def test_two_sources_are_at_180_and_225_not_at_the_mirror_image_135(recordings: Path) -> None:
    (path,) = recordings.glob("a180e20_a225e35__*.wav")
    counts = np.bincount(power(path).argmax(axis=1), minlength=72)

    def near(azimuth: float) -> float:
        return float(counts[AZIMUTH.error(AZIMUTHS, azimuth) <= 15].sum())

    assert near(225) > 3 * near(135)
    assert near(225) + near(180) > 3 * near(0)
