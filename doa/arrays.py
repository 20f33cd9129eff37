"""Microphone arrays: where the microphones stand, and which pairs are compared.

Axes: x towards azimuth 0, y towards azimuth 90 (counter-clockwise seen from above), z up; metres.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .errors import DefinitionError

Position = tuple[float, float, float]


@dataclass(frozen=True)
class Array:
    """A named microphone array.

    Parameters
        name : the name that feature definitions and model cards carry
        positions : [mics][3] metres, in the order of the recording's channels
    """

    name: str
    positions: tuple[Position, ...]

    def __post_init__(self) -> None:
        if len(self.positions) < 2:
            raise DefinitionError(
                f"array {self.name!r}: {len(self.positions)} microphones, at least 2 are needed"
            )
        xyz = np.asarray(self.positions, dtype=np.float64)
        if xyz.shape != (len(self.positions), 3) or not np.isfinite(xyz).all():
            raise DefinitionError(
                f"array {self.name!r}: positions must be finite [mics, 3] metres, got {xyz.shape}"
            )
        gaps = np.linalg.norm(xyz[:, None] - xyz[None], axis=-1)[np.triu_indices(len(xyz), 1)]
        if gaps.min() < 1e-4:
            raise DefinitionError(f"array {self.name!r}: two microphones stand on the same spot")

    @property
    def mics(self) -> int:
        """How many microphones there are."""
        return len(self.positions)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Microphone pairs (i, j), i < j, in the order of `itertools.combinations`."""
        return tuple(combinations(range(self.mics), 2))

    @property
    def xyz(self) -> NDArray[np.float64]:
        """Positions as float64 [mics, 3] metres."""
        return np.asarray(self.positions, dtype=np.float64)

    @property
    def aperture(self) -> float:
        """The largest distance between two microphones, metres."""
        xyz = self.xyz
        return max(float(np.linalg.norm(xyz[i] - xyz[j])) for i, j in self.pairs)


def circle(radius: float, mics: int) -> tuple[Position, ...]:
    """Microphone k at k * 360 / mics degrees, counter-clockwise from +x, in the plane z = 0."""
    angles = 2 * np.pi * np.arange(mics) / mics
    return tuple((float(radius * np.cos(a)), float(radius * np.sin(a)), 0.0) for a in angles)


def unit_vectors(
    azimuth: NDArray[np.float64] | float, elevation: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Directions towards a source: degrees in, float64 [..., 3] out."""
    az, el = np.broadcast_arrays(np.radians(azimuth), np.radians(elevation))
    return np.stack([np.cos(el) * np.cos(az), np.cos(el) * np.sin(az), np.sin(el)], axis=-1)


#: Radius of the miniDSP UMA-8's ring, metres.
UMA8_RADIUS = 0.0425
#: Half the side of the square of the ReSpeaker USB 4-mic array, metres.
RESPEAKER4_HALF = 0.02285

PRESETS: dict[str, Array] = {
    array.name: array
    for array in (
        Array("uma8", circle(UMA8_RADIUS, 6)),
        Array("uma8-centre", (*circle(UMA8_RADIUS, 6), (0.0, 0.0, 0.0))),
        Array(
            "respeaker4",
            tuple(
                (x * RESPEAKER4_HALF, y * RESPEAKER4_HALF, 0.0)
                for x, y in ((1, 1), (-1, 1), (-1, -1), (1, -1))
            ),
        ),
    )
}


def preset(name: str) -> Array:
    """Look up a named array: uma8, uma8-centre or respeaker4."""
    if name not in PRESETS:
        raise DefinitionError(
            f"array {name!r} is not known; known arrays: {', '.join(sorted(PRESETS))}"
        )
    return PRESETS[name]
