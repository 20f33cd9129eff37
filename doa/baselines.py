"""The classical methods on the same frames: SRP-PHAT, MUSIC, NormMUSIC and plain GCC-PHAT.

The first three are pyroomacoustics' own. All see the audio of a frame alone, as the networks do,
and of each azimuth the best height counts. Settings were chosen on hard frames of the validation
split, for the best exact class: bands among 200 or 500 to 4,000 or 8,000 Hz and transforms of 256
to 2,048 samples on 200 frames in the plane of the array; then, on 258 frames of 16 rooms and every
4 degrees, that plane alone against heights of 0, 20, 40 and 60 degrees, with the bands and
transforms beside the first choice again. SRP-PHAT 48.1 % in the plane, 60.1 with heights;
NormMUSIC 48.8 and 55.0; MUSIC 42.6 and 32.6; GCC-PHAT 48.8 and 56.2.

Plain GCC-PHAT is this project's features, with more lags a sample: pyroomacoustics' gives no delay
where a bin is empty, and looks for delays that no sound can have.

Sources: DiBiase, Silverman & Brandstein 2001 (SRP-PHAT); Schmidt 1986 (MUSIC); Salvati, Drioli &
Foresti 2014 (NormMUSIC: every frequency counts the same); Knapp & Carter 1976 (GCC-PHAT).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .angles import Task, peaks
from .arrays import unit_vectors
from .dataset import Dataset
from .definitions import finer
from .errors import DatasetError
from .extras import require
from .features import FeatureDefinition, GccPhat, arrivals
from .progress import track

#: Directions that are tried are this far apart, degrees of azimuth; a task's classes may be closer.
STEP = 2.0
#: Elevations that are tried where a method looks above the plane of the array, degrees.
PLANE, DOME = (0.0,), (0.0, 20.0, 40.0, 60.0)
#: Steps of a sample in which plain GCC-PHAT looks for a delay.
FINE = 8


@dataclass(frozen=True)
class Subspace:
    """How one of pyroomacoustics' methods is run.

    Parameters
        method : name of its class
        n_fft, hop : transform and advance within a frame, samples
        band : lowest and highest frequency, Hz
        heights : elevations that are tried, degrees
    """

    method: str
    n_fft: int
    hop: int
    band: tuple[float, float]
    heights: tuple[float, ...]


METHODS = {
    "SRP-PHAT": Subspace("SRP", 256, 128, (200.0, 8000.0), DOME),
    "MUSIC": Subspace("MUSIC", 256, 64, (500.0, 8000.0), PLANE),
    "NormMUSIC": Subspace("NormMUSIC", 256, 64, (500.0, 8000.0), DOME),
}
PLAIN = "GCC-PHAT"
NAMES = (*METHODS, PLAIN)


def directions(task: Task) -> NDArray[np.float64]:
    """List the azimuths that are tried, degrees: every class's centre is one of them."""
    return np.arange(0.0, 360.0, min(STEP, task.classes.step))


def steered(how: Subspace, definition: FeatureDefinition, task: Task) -> Callable[[Any], Any]:
    """Set up a method of pyroomacoustics: float [mics, frame] -> degrees [sources]."""
    pra = require("pyroomacoustics", "train")
    d, azimuths = definition, directions(task)
    finder = getattr(pra.doa, how.method)(
        d.array.xyz.T, d.fs, how.n_fft, c=d.c, num_src=task.sources, azimuth=np.radians(azimuths),
        colatitude=np.radians(90 - np.array(how.heights)), dim=3,
    )  # fmt: skip
    # Peaks are looked for round the circle, below; those on the sphere take long.
    finder.grid.find_peaks = lambda k: list(range(k))

    def locate(frame: NDArray[Any]) -> NDArray[np.float64]:
        cut = np.lib.stride_tricks.sliding_window_view(frame, how.n_fft, axis=1)[:, :: how.hop]
        spectra = scipy.fft.rfft(cut * np.hanning(how.n_fft), axis=2)
        finder.locate_sources(
            spectra.swapaxes(1, 2), num_src=task.sources, freq_range=list(how.band)
        )
        # The grid has all azimuths of one height, then those of the next.
        power = finder.grid.values.reshape(len(how.heights), -1).max(axis=0)
        return np.asarray(azimuths[peaks(power[None], task.sources)[0]])

    return locate


def delays(definition: FeatureDefinition, task: Task) -> Callable[[Any], Any]:
    """Set up plain GCC-PHAT: the delay of each pair, then the direction that they fit best.

    Delays that lie far off count as little as they can: the sum of absolute differences decides.
    """
    if task.sources != 1:
        raise DatasetError(f"{PLAIN}: tells one source, got {task.sources}")
    d = finer(definition, FINE)
    azimuths, heights = (grid.ravel() for grid in np.meshgrid(directions(task), DOME))
    arrival = arrivals(unit_vectors(azimuths, heights), d)
    lags, compute = np.arange(-d.max_lag, d.max_lag + 1.0), GccPhat(d)
    xyz, pairs = d.array.xyz, d.array.pairs
    gap = np.array([np.linalg.norm(xyz[i] - xyz[j]) for i, j in pairs])
    gap *= d.fs * d.interpolation / d.c
    beyond = np.abs(lags)[:, None] > np.ceil(gap - 1e-9)
    expected = np.stack([arrival[:, i] - arrival[:, j] for i, j in pairs], axis=1)

    def locate(frame: NDArray[Any]) -> NDArray[np.float64]:
        found = lags[np.where(beyond, -np.inf, compute(frame[None])[0]).argmax(axis=0)]
        return np.asarray(azimuths[[np.abs(expected - found).sum(axis=1).argmin()]])

    return locate


def find(name: str, dataset: Dataset, task: Task, *, progress: bool = False) -> NDArray[np.float64]:
    """Let a classical method tell the azimuths of a data set's frames.

    Parameters
        name : one of NAMES
        task : of the azimuth
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
    locate = delays(d, task) if name == PLAIN else steered(METHODS[name], d, task)
    found = np.empty((len(dataset), task.sources))
    for k in track(range(len(dataset)), name, progress):
        found[k] = locate(dataset.audio[k].astype(np.float64) / 32768)
    return found
