"""The conditions that simulated clips are drawn from: rooms, noise, distances, sources.

docs/datasets.md has them as one table.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from .arrays import suggestion
from .errors import DatasetError
from .speech import KIND_SHARE, KINDS

#: Length, width and height of a room, metres.
Size = tuple[float, float, float]

#: Two sources are at least this far apart, degrees of azimuth.
APART = 25.0


@dataclass(frozen=True)
class Condition:
    """The ranges that clips are drawn from, each uniformly.

    Parameters
        rt60 : reverberation time, seconds
        snr : sources to noise, dB; infinite: no noise
        distance : source to array, metres
        dome : share of the sources that are spread evenly over the half sphere above the array;
            the others are spread evenly over elevations. Both as far as the room has space.
        sources : 1, or 2 that sound at the same time
        kinds : how often a source is of each of speech.KINDS
        gain : microphones' gain error, standard deviation in dB
        slack : microphones' position error, standard deviation in metres along each axis
        rooms : the rooms of each split, if they are not drawn; then as in the reference: the array
            stands in the middle, sources 0.5 m from the walls, and walls reflect once
    """

    name: str
    rt60: tuple[float, float]
    snr: tuple[float, float]
    distance: tuple[float, float]
    dome: float
    sources: int = 1
    kinds: tuple[float, ...] = KIND_SHARE
    gain: float = 0.5
    slack: float = 0.0005
    rooms: Mapping[str, tuple[Size, ...]] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        if self.sources not in (1, 2):
            raise DatasetError(
                f"condition {self.name!r}: {self.sources} sources, allowed are 1 and 2"
            )
        if len(self.kinds) != len(KINDS) or abs(sum(self.kinds) - 1) > 1e-9:
            raise DatasetError(
                f"condition {self.name!r}: kinds {self.kinds}, allowed are {len(KINDS)} shares "
                f"({', '.join(KINDS)}) whose sum is 1"
            )


HARD = Condition("hard", rt60=(0.2, 0.8), snr=(0, 30), distance=(0.5, 3.0), dome=1.0)
EASY = Condition("easy", rt60=(0.2, 0.4), snr=(15, 30), distance=(0.5, 1.5), dome=1.0)
HARD_HIGH = Condition("hard-high", HARD.rt60, HARD.snr, HARD.distance, dome=0.0)
EASY_HIGH = Condition("easy-high", EASY.rt60, EASY.snr, EASY.distance, dome=0.0)
#: Source: Yaghoobi 2021 and Horszczaruk 2021 for rooms, places, reflections and sounds; they tell
#: no rooms for validation.
REFERENCE = Condition(
    "reference",
    rt60=(math.nan, math.nan),
    snr=(math.inf, math.inf),
    distance=(math.nan, math.nan),
    dome=0.0,
    kinds=(0.5, 0.0, 0.0, 0.5),
    gain=0.0,
    slack=0.0,
    rooms={
        "train": ((4.0, 4.0, 3.0), (6.0, 6.0, 3.0), (8.0, 8.0, 3.0)),
        "validation": ((5.0, 5.0, 3.0), (7.0, 7.0, 3.0), (9.0, 9.0, 3.0)),
        "test": ((5.0, 5.0, 2.0), (7.0, 7.0, 2.0), (9.0, 9.0, 2.0)),
        "demo": ((5.0, 5.0, 2.5), (7.0, 7.0, 2.5), (9.0, 9.0, 2.5)),
    },
)
TWO = Condition("two", HARD.rt60, HARD.snr, HARD.distance, dome=1.0, sources=2)
TWO_EASY = Condition("two-easy", EASY.rt60, EASY.snr, EASY.distance, dome=1.0, sources=2)

CONDITIONS = {c.name: c for c in (HARD, EASY, HARD_HIGH, EASY_HIGH, REFERENCE, TWO, TWO_EASY)}


def condition(name: str) -> Condition:
    """Look up a condition: hard, easy, hard-high, easy-high, reference, two or two-easy."""
    if name not in CONDITIONS:
        raise DatasetError(
            f"condition {name!r} is not known{suggestion(name, CONDITIONS)}; "
            f"known: {', '.join(CONDITIONS)}"
        )
    return CONDITIONS[name]
