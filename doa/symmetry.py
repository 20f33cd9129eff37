"""The turns and mirror images of an array, as exact permutations of its features.

Turning a ring of six microphones by 60 degrees gives it the same places again: what the array
hears of a source at azimuth a is what it would hear of one at a + 60 with the channels moved on by
one. In features this permutes the pairs and flips the lags of those whose order turns round. The
same holds for the mirror image across the x axis.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Array
from .features import FeatureDefinition

#: Microphones that stand this close to a place are in it, metres.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Symmetry:
    """One symmetry of the array: azimuth a becomes sign * a + turn, elevation stays.

    Parameters
        turn : degrees
        sign : 1, or -1 for a mirror image
        channels : new channel k holds what channel channels[k] held
    """

    turn: float
    sign: int
    channels: tuple[int, ...]

    def order(self, definition: FeatureDefinition) -> NDArray[np.int64]:
        """Where each entry of the new feature stood in the old one: int64 [lags * pairs]."""
        lags, pairs = definition.shape
        at = {pair: k for k, pair in enumerate(definition.array.pairs)}
        entries = np.arange(lags * pairs).reshape(lags, pairs)
        moved = np.empty_like(entries)
        for pair, (i, j) in enumerate(definition.array.pairs):
            a, b = self.channels[i], self.channels[j]
            old = entries[:, at[min(a, b), max(a, b)]]
            moved[:, pair] = old if a < b else old[::-1]
        return moved.ravel()

    def azimuth(self, degrees: NDArray[Any] | float) -> NDArray[np.float64]:
        """Azimuth of the source after the change, [0, 360)."""
        return (self.sign * np.asarray(degrees, dtype=np.float64) + self.turn) % 360


def symmetries(array: Array) -> tuple[Symmetry, ...]:
    """Find every turn about the vertical axis, and mirror image, that maps the array onto itself.

    Whatever maps the array onto itself leaves the middle of its microphones in place, and takes
    the outermost of them to one as far out: those are the only candidates.

    Returns
        the identity first, then turns, then mirror images; for a ring of six 12, for a square 8,
        for an irregular array the identity alone
    """
    layout = array.xyz - array.xyz.mean(axis=0)
    angles = np.degrees(np.arctan2(layout[:, 1], layout[:, 0]))
    outermost = int(np.hypot(layout[:, 0], layout[:, 1]).argmax())
    found: dict[tuple[int, tuple[int, ...]], Symmetry] = {}
    for sign in (1, -1):
        for turn in np.unique(np.round((angles - sign * angles[outermost]) % 360, 9) % 360):
            c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
            moved = layout @ np.array([[c, -s * sign, 0], [s, c * sign, 0], [0, 0, 1]]).T
            gaps = np.linalg.norm(layout[:, None] - moved[None], axis=-1)
            if gaps.min(axis=1).max() < TOLERANCE:
                channels = tuple(int(k) for k in gaps.argmin(axis=1))
                found.setdefault((sign, channels), Symmetry(float(turn), sign, channels))
    return tuple(sorted(found.values(), key=lambda s: (-s.sign, s.turn)))
