"""From a recording to angles: frames, features, the networks, averages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .angles import AZIMUTH, resultant, running_mean, task
from .errors import DefinitionError, RecordingError
from .features import GccPhat
from .litert import Infer
from .prepare import HEARD, Recording
from .progress import track
from .turns import Turns

#: Active frames that are computed at a time.
BLOCK = 16
#: Directions that agree less than this (they spread over more than 90 degrees) have no mean.
AGREEMENT = 0.3
#: Further sources of a frame whose peak is lower than this are none.
FAINT = 0.1


@dataclass(frozen=True)
class Direction:
    """Where one source is.

    Parameters
        azimuth, elevation : degrees, or None where no network told it
        confidence : how much of the probability lies at this angle, 0 to 1
    """

    azimuth: float | None
    elevation: float | None
    confidence: float


@dataclass(frozen=True)
class Located:
    """What was heard in one frame.

    Parameters
        time : the frame's centre, seconds from the start
        state : "heard"; or without a direction "silent", "clipped", "dropout" or "undirected"
        directions : one a source that is heard, the most confident first
    """

    time: float
    state: str
    directions: tuple[Direction, ...] = ()

    @property
    def active(self) -> bool:
        """Whether the frame has a direction."""
        return self.state == HEARD

    @property
    def azimuth(self) -> float | None:
        """Azimuth of the most confident direction, degrees."""
        return self.directions[0].azimuth if self.directions else None

    @property
    def elevation(self) -> float | None:
        """Elevation of the most confident direction, degrees."""
        return self.directions[0].elevation if self.directions else None

    @property
    def confidence(self) -> float:
        """Confidence of the most confident direction; 0 without any."""
        return self.directions[0].confidence if self.directions else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values: the most confident direction, and the list of all."""
        names = ("time", "state", "active", "azimuth", "elevation", "confidence")
        values = {name: getattr(self, name) for name in names}
        return {**values, "directions": [asdict(d) for d in self.directions]}


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording, seconds, with one source in a known direction, degrees."""

    start: float
    end: float
    azimuth: float
    elevation: float


def locate(
    recording: Recording,
    networks: Mapping[str, Infer],
    *,
    average: int = 4,
    turns: bool = False,
    progress: bool = False,
) -> list[Located]:
    """Find out where the sound comes from, frame by frame.

    Parameters
        recording : prepared for the networks' feature definition
        networks : by the task of each, one for the azimuth or one for the elevation or both:
            float32 [n, lags, pairs] -> probabilities [n, classes]; they see the frames that are
            heard only; the first one's confidence is told
        average : how many frames, up to this one, share their probabilities
        turns : whether every frame is heard in all turns of the array
    Returns
        one result a frame
    Raises
        DefinitionError: two networks for one angle, or the elevation of two sources
        ModelError: the wrong number of classes
    """
    tasks = [task(name) for name in networks]
    if len({t.field for t in tasks}) < len(tasks):
        raise DefinitionError(f"{' and '.join(networks)} tell the same angle; use one of them")
    if len(tasks) > 1 and any(t.sources > 1 for t in tasks):
        raise DefinitionError(
            f"{' and '.join(networks)}: the elevation of two sources cannot be told; leave it out"
        )
    ears = [
        Turns(recording.definition, t.classes).averaged(infer, t) if turns else infer
        for t, infer in zip(tasks, networks.values(), strict=True)
    ]
    compute = GccPhat(recording.definition)
    heard = recording.heard
    rows = np.flatnonzero(heard)
    blocks = [rows[at : at + BLOCK] for at in range(0, len(rows), BLOCK)]
    features = [compute(recording.frames[block]) for block in track(blocks, "features", progress)]
    found = {}
    # One network after the other: two that are too large for a device together are sent once each.
    for t, infer in zip(tasks, ears, strict=True):
        some = np.concatenate([infer(part) for part in track(features, t.name, progress)])
        every = np.zeros((len(heard), some.shape[1]))
        every[rows] = some
        found[t.field] = t.directions(running_mean(every, average, heard))
    confidence = found[tasks[0].field][1]

    def angle(field: str, frame: int, source: int) -> float | None:
        return float(found[field][0][frame, source]) if field in found else None

    def directions(frame: int) -> tuple[Direction, ...]:
        return tuple(
            Direction(angle("azimuth", frame, k), angle("elevation", frame, k), float(sure))
            for k, sure in enumerate(confidence[frame])
            if k == 0 or sure >= FAINT
        )

    times = recording.definition.times(len(heard))
    return [
        Located(float(time), str(state), directions(k) if state == HEARD else ())
        for k, (time, state) in enumerate(zip(times, recording.states, strict=True))
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
        azimuth, elevation : means over them, weighted by confidence; degrees, or None where the
            directions disagree
        agreement : length of the mean of the azimuths' unit vectors, 0 (they cancel out) to 1
        error : mean of the frames' absolute azimuth errors, degrees, or None
    """

    segment: Segment
    frames: int
    azimuth: float | None
    elevation: float | None
    agreement: float
    error: float | None


def compare(results: Sequence[Located], truth: Sequence[Segment]) -> list[Heard]:
    """Set the results against the truth, segment by segment."""
    heard = []
    for segment in truth:
        inside = [
            r for r in results if r.azimuth is not None and segment.start <= r.time < segment.end
        ]
        if not inside:
            heard.append(Heard(segment, 0, None, None, 0.0, None))
            continue
        azimuth = np.array([r.azimuth for r in inside], dtype=np.float64)
        weight = np.array([r.confidence for r in inside])
        mean, agreement = (float(v) for v in resultant(azimuth, weight))
        elevation = [r.elevation for r in inside if r.elevation is not None]
        heard.append(
            Heard(
                segment,
                len(inside),
                mean if agreement >= AGREEMENT else None,
                float(np.average(elevation, weights=weight)) if elevation else None,
                agreement,
                float(AZIMUTH.error(azimuth, segment.azimuth).mean()),
            )
        )
    return heard
