"""The shipped model for four microphones on real recordings, which its training has not seen.

Three files with one source are a check, not an accuracy claim: counts are printed (`pytest -rP`).
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from recordings import QUARTERS, SQUARE, labelled

from otus.doa.angles import AZIMUTH, decode
from otus.doa.features import gcc_phat
from otus.doa.litert import reference
from otus.doa.recording import active

from .conftest import ROOT

pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
MODEL = ROOT / "models/azimuth-respeaker4.tflite"


def heard(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Probabilities of the frames that hold sound, by the gate that data sets share: [n, 36]."""
    frames = SQUARE.frames(samples)
    return np.asarray(reference(MODEL)(gcc_phat(frames[active(frames)], SQUARE)), dtype=np.float64)


@pytest.mark.parametrize("turn", QUARTERS)
def test_three_of_four_frames_are_in_the_right_class_in_every_turn(turn: int) -> None:
    for recording in labelled(1):
        samples, (azimuth,) = recording.turned(turn)
        found = heard(samples).argmax(axis=1)
        right = int((found == AZIMUTH.of(azimuth)).sum())
        print(
            f"{azimuth:g} degrees, {recording.distance:g} m: {right} of {len(found)} frames exact"
        )
        assert right >= 0.75 * len(found)


def test_two_sources_are_at_180_and_225_not_at_135() -> None:
    (recording,) = labelled(2)
    angles, _ = decode(heard(recording.turned()[0]), AZIMUTH)
    near = {a: int((AZIMUTH.error(angles, a) <= 15).sum()) for a in (180, 225, 135)}
    print(f"frames within 15 degrees: {near}, of {len(angles)}")
    assert near[225] > 3 * near[135]
    assert near[180] > 0
