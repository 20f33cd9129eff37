"""The real recordings: where they are, their labels, and the exact quarter turns of their array.

Their array is the square `respeaker4`: turning it by 90 degrees puts every microphone in the place
of the next, so that moving the channels on by one gives exactly what the turned array would have
recorded of a source 90 degrees further round.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from otus.doa import definitions
from otus.doa.recording import read

ROOT = Path(__file__).parents[1]
MISSING = "the real recordings are not here; set OTUS_RECORDINGS to their folder"
#: The features that recordings of this array are read by; networks for it may define others.
SQUARE = definitions.preset("respeaker4")
QUARTERS = (0, 1, 2, 3)
#: `a180e20_a225e35__150cm__...wav`: azimuth and elevation of each source, distance.
LABEL = re.compile(r"(?P<sources>a\d+e\d+(?:_a\d+e\d+)*)__(?P<distance>\d+)cm__.*\.wav")


@dataclass(frozen=True)
class Labelled:
    """A recording, and where its sources are.

    Parameters
        azimuths, elevations : one of each a source, degrees
        distance : metres
    """

    path: Path
    azimuths: tuple[float, ...]
    elevations: tuple[float, ...]
    distance: float

    def turned(self, quarters: int = 0) -> tuple[NDArray[np.int16], tuple[float, ...]]:
        """Turn the array by quarters of a circle.

        Returns
            int16 [4, samples]; the azimuths of the sources after the turn, degrees
        """
        samples, _ = read(self.path)
        azimuths = tuple((azimuth + 90.0 * quarters) % 360 for azimuth in self.azimuths)
        return np.roll(samples, quarters, axis=0), azimuths


def folder() -> Path | None:
    """Find the folder of the recordings, which the repository does not hold."""
    folders = [ROOT / "../shared/recordings", ROOT / "../../shared/recordings"]
    if "OTUS_RECORDINGS" in os.environ:
        folders = [Path(os.environ["OTUS_RECORDINGS"])]
    return next((f for f in folders if any(f.glob("*.wav"))), None)


def labelled(sources: int) -> list[Labelled]:
    """List the recordings with so many sources, nearest first; skip the test without any."""
    place = folder()
    found = [] if place is None else [r for r in _read(place) if len(r.azimuths) == sources]
    if not found:
        pytest.skip(MISSING)
    return sorted(found, key=lambda r: r.distance)


def _read(place: Path) -> Iterator[Labelled]:
    for path in place.glob("*.wav"):
        if match := LABEL.fullmatch(path.name):
            angles = re.findall(r"a(\d+)e(\d+)", match["sources"])
            azimuths, elevations = zip(*[(float(a), float(e)) for a, e in angles], strict=True)
            yield Labelled(path, azimuths, elevations, float(match["distance"]) / 100)
