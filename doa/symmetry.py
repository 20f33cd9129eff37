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


def symmetries(array: Array, step: float = 10.0) -> tuple[Symmetry, ...]:
    """Find every turn by a multiple of `step` degrees, and mirror image, that keeps the array.

    Returns
        the identity first; for the ring of six 12, for the square of four 8
    """
    found = []
    for sign in (1, -1):
        for turn in np.arange(0, 360, step):
            c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
            matrix = np.array([[c, -s * sign, 0], [s, c * sign, 0], [0, 0, 1]])
            moved = array.xyz @ matrix.T
            gaps = np.linalg.norm(array.xyz[:, None] - moved[None], axis=-1)
            if gaps.min(axis=1).max() < 1e-6:
                channels = tuple(int(k) for k in gaps.argmin(axis=1))
                found.append(Symmetry(float(turn), sign, channels))
    return tuple(found)
