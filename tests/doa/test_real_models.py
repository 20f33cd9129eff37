"""The shipped model for four microphones on real recordings, which its training has not seen.

Three files with one source are a check, not an accuracy claim: counts are printed (`pytest -rP`).
The gate `active` was fixed beforehand, and lets noise in the pauses through; `above_noise`, which
does not, came after results had been seen.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from recordings import QUARTERS, SQUARE, labelled

from otus.doa.angles import AZIMUTH, TASKS, decode, running_mean
from otus.doa.features import gcc_phat
from otus.doa.litert import reference
from otus.doa.recording import above_noise, active
from otus.doa.turns import Turns

from .conftest import ROOT

pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
MODEL = ROOT / "models/azimuth-respeaker4.tflite"
Gate = Callable[[NDArray[Any]], NDArray[np.bool_]]


def heard(
    samples: NDArray[np.int16], average: int, gate: Gate = above_noise, *, turns: bool = False
) -> NDArray[np.float64]:
    """Probabilities of the frames that pass the gate, averaged as `otus locate` does: [n, 36]."""
    infer = reference(MODEL)
    if turns:
        infer = Turns(SQUARE, AZIMUTH).averaged(infer, TASKS["azimuth"])
    frames = SQUARE.frames(samples)
    use = gate(frames)
    every = np.zeros((len(frames), AZIMUTH.count))
    every[use] = infer(gcc_phat(frames[use], SQUARE))
    return running_mean(every, average, use)[use]


@pytest.mark.parametrize(
    ("gate", "average", "turns", "least"),
    [
        (above_noise, 4, False, 0.75),
        (above_noise, 1, False, 0.7),
        (above_noise, 1, True, 0.75),
        (active, 4, False, 0.6),
        (active, 1, False, 0.5),
    ],
)
@pytest.mark.parametrize("turn", QUARTERS)
def test_most_frames_are_in_the_right_class_in_every_turn(
    turn: int, gate: Gate, average: int, turns: bool, least: float
) -> None:
    for recording in labelled(1):
        samples, (azimuth,) = recording.turned(turn)
        found = heard(samples, average, gate, turns=turns).argmax(axis=1)
        right = int((found == AZIMUTH.of(azimuth)).sum())
        print(f"{azimuth:g} degrees, {recording.distance:g} m: {right} of {len(found)} exact")
        assert right >= least * len(found)


def test_two_sources_are_at_180_and_225_not_at_135() -> None:
    (recording,) = labelled(2)
    angles, _ = decode(heard(recording.turned()[0], 1), AZIMUTH)
    near = {a: int((AZIMUTH.error(angles, a) <= 15).sum()) for a in (180, 225, 135)}
    print(f"frames within 15 degrees: {near}, of {len(angles)}")
    assert near[225] > 3 * near[135]
    assert near[180] > 0
