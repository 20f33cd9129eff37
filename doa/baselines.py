"""The classical methods on the same frames: SRP-PHAT, MUSIC, NormMUSIC and plain GCC-PHAT.

They are pyroomacoustics' own, in the plane of the array, and see the audio of a frame alone, as the
networks do. The band and the length of transform of each were chosen on 200 hard frames of the
validation split, among 200 or 500 to 4,000 or 8,000 Hz and 256 to 2,048 samples.

Sources: DiBiase, Silverman & Brandstein 2001 (SRP-PHAT); Schmidt 1986 (MUSIC); Salvati, Drioli &
Foresti 2014 (NormMUSIC: every frequency counts the same); Knapp & Carter 1976 (GCC-PHAT).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .arrays import unit_vectors
from .dataset import Dataset
from .errors import DatasetError
from .extras import require
from .features import FeatureDefinition
from .progress import track

#: Directions that are tried, degrees of azimuth.
GRID = np.arange(0.0, 360.0, 2.0)
#: Steps of a sample in which plain GCC-PHAT looks for a delay.
FINE = 8


@dataclass(frozen=True)
class Subspace:
    """How one of pyroomacoustics' methods is run.

    Parameters
        method : name of its class
        n_fft, hop : transform and advance within a frame, samples
        band : lowest and highest frequency, Hz
    """

    method: str
    n_fft: int
    hop: int
    band: tuple[float, float]


METHODS = {
    "SRP-PHAT": Subspace("SRP", 512, 256, (500.0, 4000.0)),
    "MUSIC": Subspace("MUSIC", 256, 64, (500.0, 8000.0)),
    "NormMUSIC": Subspace("NormMUSIC", 256, 64, (500.0, 4000.0)),
}
PLAIN = "GCC-PHAT"
NAMES = (*METHODS, PLAIN)


def steered(how: Subspace, definition: FeatureDefinition, sources: int) -> Callable[[Any], Any]:
    """Set up a method of pyroomacoustics: float [mics, frame] -> degrees [sources]."""
    pra = require("pyroomacoustics", "train")
    d = definition
    finder = getattr(pra.doa, how.method)(
        d.array.xyz.T[:2], d.fs, how.n_fft, c=d.c, num_src=sources, azimuth=np.radians(GRID)
    )

    def locate(frame: NDArray[Any]) -> NDArray[np.float64]:
        cut = np.lib.stride_tricks.sliding_window_view(frame, how.n_fft, axis=1)[:, :: how.hop]
        spectra = scipy.fft.rfft(cut * np.hanning(how.n_fft), axis=2)
        finder.locate_sources(spectra.swapaxes(1, 2), num_src=sources, freq_range=list(how.band))
        found = np.degrees(finder.azimuth_recon) % 360
        # Where there are fewer peaks than sources, the first stands for them all.
        return np.resize(found, sources)

    return locate


def delays(definition: FeatureDefinition, sources: int) -> Callable[[Any], Any]:
    """Set up plain GCC-PHAT: the delay of each pair, then the direction that they fit best.

    Delays that lie far off count as little as they can: the sum of absolute differences decides.
    """
    if sources != 1:
        raise DatasetError(f"{PLAIN}: tells one source, got {sources}")
    tdoa = require("pyroomacoustics.experimental", "train").tdoa
    d = definition
    arrival = -unit_vectors(GRID, 0.0) @ d.array.xyz.T / d.c
    expected = np.stack([arrival[:, i] - arrival[:, j] for i, j in d.array.pairs], axis=1)

    def locate(frame: NDArray[Any]) -> NDArray[np.float64]:
        found = [tdoa(frame[i], frame[j], interp=FINE, fs=d.fs) for i, j in d.array.pairs]
        return GRID[[np.abs(expected - np.array(found)).sum(axis=1).argmin()]]

    return locate


def find(
    name: str, dataset: Dataset, sources: int = 1, *, progress: bool = False
) -> NDArray[np.float64]:
    """Let a classical method tell the azimuths of a data set's frames.

    Parameters
        name : one of NAMES
    Returns
        degrees float64 [n, sources]
    Raises
        DatasetError: the data set holds no audio, or the method does not tell so many sources
        MissingExtraError: pyroomacoustics is not installed
    """
    if dataset.audio is None:
        raise DatasetError(
            f"{name}: the data set holds no audio, only features; make it with otus dataset --audio"
        )
    d = dataset.definition
    locate = delays(d, sources) if name == PLAIN else steered(METHODS[name], d, sources)
    found = np.empty((len(dataset), sources))
    for k in track(range(len(dataset)), name, progress):
        found[k] = locate(dataset.audio[k].astype(np.float64) / 32768)
    return found
