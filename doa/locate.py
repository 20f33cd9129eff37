"""From a recording to angles: frames, features, the networks, averages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import AZIMUTH, ELEVATION, circular_mean, decode, running_mean
from .errors import RecordingError
from .features import FeatureDefinition, GccPhat
from .litert import Infer
from .progress import track
from .recording import active, check, read

#: Active frames that are computed at a time.
BLOCK = 16


@dataclass(frozen=True)
class Located:
    """What was heard in one frame.

    Parameters
        time : the frame's centre, seconds from the start
        active : whether the frame holds sound; without it there is no direction
        azimuth, elevation : degrees, or None
        confidence : share of the probability in the winning azimuth class and its neighbours
    """

    time: float
    active: bool
    azimuth: float | None
    elevation: float | None
    confidence: float


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording, seconds, with one source in a known direction, degrees."""

    start: float
    end: float
    azimuth: float
    elevation: float


def locate(
    recording: str | Path | NDArray[Any],
    definition: FeatureDefinition,
    infer_azimuth: Infer,
    infer_elevation: Infer | None = None,
    *,
    average: int = 4,
    progress: bool = False,
) -> list[Located]:
    """Find out where the sound comes from, frame by frame.

    Parameters
        recording : a WAV or FLAC file; or int16 or float [mics, samples] at the definition's rate
        definition : as the networks' cards hold it
        infer_azimuth, infer_elevation : float32 [n, lags, pairs] -> probabilities [n, classes];
            they see the active frames only
        average : how many frames, up to this one, share their probabilities
    Returns
        one result a frame
    Raises
        RecordingError: the recording is unreadable, does not fit, or no frame of it holds sound
    """
    if isinstance(recording, str | Path):
        samples, _ = read(recording, definition)
    else:
        samples = recording
        check(samples, definition.fs, definition)
    frames = definition.frames(samples)
    sounding = active(frames)
    if not sounding.any():
        raise RecordingError(
            "no frame is loud enough to hold sound (the gate: otus.doa.recording.active); "
            "raise the microphones' gain"
        )
    compute = GccPhat(definition)
    rows = np.flatnonzero(sounding)
    blocks = [rows[at : at + BLOCK] for at in range(0, len(rows), BLOCK)]
    around, above = [], []
    for block in track(blocks, "frames", progress):
        features = compute(frames[block])
        around.append(np.asarray(infer_azimuth(features)))
        if infer_elevation is not None:
            above.append(np.asarray(infer_elevation(features)))

    def spread(found: list[NDArray[Any]]) -> NDArray[np.float64]:
        some = np.concatenate(found)
        every = np.zeros((len(frames), some.shape[1]))
        every[rows] = some
        return running_mean(every, average, sounding)

    azimuth, confidence = decode(spread(around), AZIMUTH)
    elevation = decode(spread(above), ELEVATION)[0] if above else None
    return [
        Located(
            time=float(time),
            active=bool(sounding[k]),
            azimuth=float(azimuth[k]) if sounding[k] else None,
            elevation=float(elevation[k]) if elevation is not None and sounding[k] else None,
            confidence=float(confidence[k]) if sounding[k] else 0.0,
        )
        for k, time in enumerate(definition.times(len(frames)))
    ]


def read_truth(path: str | Path) -> list[Segment]:
    """Read the segments of a .json file that `scene` wrote beside its recording."""
    path = Path(path)
    if not path.is_file():
        raise RecordingError(f"{path}: no such file")
    names = ("start", "end", "azimuth", "elevation")
    try:
        segments = json.loads(path.read_text(encoding="utf-8"))["segments"]
        return [Segment(**{name: float(s[name]) for name in names}) for s in segments]
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(
            f"{path}: not a truth file ({error!r}); it holds segments with {', '.join(names)}"
        ) from error


@dataclass(frozen=True)
class Heard:
    """A segment and what was heard in it.

    Parameters
        frames : active frames whose centre lies in the segment
        azimuth, elevation : means over them, weighted by confidence; degrees, or None
        error : mean of the frames' absolute azimuth errors, degrees, or None
    """

    segment: Segment
    frames: int
    azimuth: float | None
    elevation: float | None
    error: float | None


def compare(results: Sequence[Located], truth: Sequence[Segment]) -> list[Heard]:
    """Set the results against the truth, segment by segment."""
    heard = []
    for segment in truth:
        inside = [
            r for r in results if r.azimuth is not None and segment.start <= r.time < segment.end
        ]
        if not inside:
            heard.append(Heard(segment, 0, None, None, None))
            continue
        azimuth = np.array([r.azimuth for r in inside], dtype=np.float64)
        weight = np.array([r.confidence for r in inside])
        elevation = [r.elevation for r in inside if r.elevation is not None]
        heard.append(
            Heard(
                segment,
                len(inside),
                float(circular_mean(azimuth, weight)),
                float(np.average(elevation, weights=weight)) if elevation else None,
                float(AZIMUTH.error(azimuth, segment.azimuth).mean()),
            )
        )
    return heard
