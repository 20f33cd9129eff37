"""GCC-PHAT features: the definition that a model card carries, and the computation.

Sign: entry (lag, pair (i, j)) correlates microphone i with microphone j; it peaks at the lag by
which the sound reaches i later than j, in samples at fs * interpolation. A source on the side of i
therefore gives a negative lag.

Source: Knapp & Carter 1976, "The generalized correlation method for estimation of time delay",
eq. 28 with the phase transform's weighting.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .arrays import Array, check_name, unit_vectors
from .errors import DefinitionError, RecordingError

#: Spectral bins this far below the frame's loudest bin hold no phase (-120 dB) and count as empty.
EMPTY_BIN = 1e-6
WINDOWS = ("rectangular",)
#: What the whole numbers of a definition may be: wide of any use, and computed in seconds.
RANGES = {
    "fs": (4_000, 384_000),
    "frame": (2, 65_536),
    "hop": (1, 65_536),
    "n_fft": (2, 65_536),
    "interpolation": (1, 64),
}
#: Largest L.
LONGEST = 1_000
#: The fields of a definition beside its array.
SETTINGS = ("fs", "frame", "hop", "n_fft", "window", "interpolation", "max_lag", "c")
#: The value of `max_lag` that stands for the least allowed.
FORMULA = 0


@dataclass(frozen=True)
class FeatureDefinition:
    """Everything that turns microphone samples into features.

    Parameters
        array : the microphones, in the order of the recording's channels
        fs : sample rate, Hz
        frame, hop : length and advance of a frame, samples
        n_fft : length of the transform; a frame is zero-padded to it
        window : "rectangular"
        interpolation : lags per sample
        max_lag : L; lags -L..L are kept. Where it is not given it is the least that no source can
            exceed, ceil(aperture / c * fs * interpolation); less is refused
        c : speed of sound, m/s
    Raises
        DefinitionError: a field is out of range
    """

    array: Array
    fs: int = 16_000
    frame: int = 2_048
    hop: int = 1_024
    n_fft: int = 4_096
    window: str = "rectangular"
    interpolation: int = 1
    max_lag: int = FORMULA
    c: float = 343.0

    def __post_init__(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise DefinitionError(
                    f"{name}: got {value!r}, allowed are integers from {least} to {most}"
                )
        if type(self.c) not in (int, float) or not 100.0 <= self.c <= 2000.0:
            raise DefinitionError(f"c: got {self.c!r} m/s, allowed are 100 to 2000")
        if type(self.max_lag) is not int:
            raise DefinitionError(f"max_lag: got {self.max_lag!r}, allowed are integers")
        if self.max_lag == FORMULA:
            object.__setattr__(self, "max_lag", self.least_lag)
        if self.window not in WINDOWS:
            raise DefinitionError(f"window: got {self.window!r}, allowed: {', '.join(WINDOWS)}")
        if self.n_fft % 2 or self.n_fft < self.frame:
            raise DefinitionError(
                f"n_fft: got {self.n_fft}, allowed are even numbers from the frame, {self.frame}"
            )
        if self.max_lag < self.least_lag:
            raise DefinitionError(
                f"max_lag: got {self.max_lag}, but sound crosses the array {self.array.name!r} in "
                f"{self.least_lag} lags: ceil({self.array.aperture:.4f} m / {self.c:g} m/s * "
                f"{self.fs} Hz * {self.interpolation}); use {self.least_lag} or more"
            )
        most = min(LONGEST, (self.n_fft * self.interpolation - 1) // 2)
        if self.max_lag > most:
            raise DefinitionError(
                f"max_lag: got {self.max_lag}, allowed with n_fft {self.n_fft} is {most} at most"
            )

    @property
    def least_lag(self) -> int:
        """The smallest L that no source can exceed: ceil(aperture / c * fs * interpolation)."""
        return math.ceil(self.array.aperture / self.c * self.fs * self.interpolation - 1e-9)

    @property
    def lags(self) -> int:
        """How many lags a feature has: 2 L + 1."""
        return 2 * self.max_lag + 1

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of one feature: (lags, pairs)."""
        return self.lags, len(self.array.pairs)

    def to_dict(self) -> dict[str, Any]:
        """Write the definition as plain values, as a model card holds it."""
        return {
            "kind": "gcc-phat",
            "array": self.array.name,
            "positions_m": [list(p) for p in self.array.positions],
            "pairs": [list(p) for p in self.array.pairs],
            "axes": ["lag", "pair"],
            **{name: getattr(self, name) for name in SETTINGS},
        }

    @classmethod
    def from_dict(cls, card: Mapping[str, Any]) -> "FeatureDefinition":
        """Read what `to_dict` wrote; refuse fields that are missing, unknown or contradictory."""
        known = {"kind", "array", "positions_m", "pairs", "axes", *SETTINGS}
        if set(card) != known:
            raise DefinitionError(
                f"feature definition: missing {sorted(known - set(card))}, "
                f"unknown {sorted(set(card) - known)}; write it with FeatureDefinition.to_dict"
            )
        try:
            positions = tuple((float(x), float(y), float(z)) for x, y, z in card["positions_m"])
        except (TypeError, ValueError) as error:
            raise DefinitionError("positions_m: allowed is [mics][3], in metres") from error
        array = Array(str(card["array"]), positions)
        check_name(array, "array")
        if card["max_lag"] == FORMULA:
            raise DefinitionError(f"max_lag: got {FORMULA}, a card has the lags that it means")
        definition = cls(array, **{name: card[name] for name in SETTINGS})
        for name in ("kind", "axes", "pairs"):
            if card[name] != definition.to_dict()[name]:
                raise DefinitionError(
                    f"{name}: got {card[name]!r}, allowed is {definition.to_dict()[name]!r}"
                )
        return definition

    def count(self, samples: int) -> int:
        """How many whole frames a recording of `samples` samples holds."""
        return max(0, (samples - self.frame) // self.hop + 1)

    def times(self, count: int) -> NDArray[np.float64]:
        """Centre of each of the first `count` frames, seconds from the recording's start."""
        return (np.arange(count) * self.hop + self.frame / 2) / self.fs

    def frames(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Cut a recording into frames (a read-only view, nothing is copied per frame).

        Parameters
            x : int16 [mics, samples], full scale +-32768; or float, full scale +-1
        Returns
            float32 [n, mics, frame], full scale +-1
        Raises
            RecordingError: the wrong number of channels, or shorter than one frame
        """
        if x.ndim != 2 or x.shape[0] != self.array.mics:
            raise RecordingError(
                f"samples: got shape {x.shape}, allowed is [{self.array.mics} microphones of "
                f"{self.array.name!r}, samples]"
            )
        if x.shape[1] < self.frame:
            raise RecordingError(
                f"samples: got {x.shape[1]} per channel, one frame needs {self.frame} "
                f"({1000 * self.frame / self.fs:.0f} ms)"
            )
        scale = np.float32(1 / 32768) if x.dtype == np.int16 else np.float32(1)
        full = np.ascontiguousarray(x, dtype=np.float32) * scale
        windows = np.lib.stride_tricks.sliding_window_view(full, self.frame, axis=1)
        return windows[:, :: self.hop].swapaxes(0, 1)


class GccPhat:
    """GCC-PHAT of every pair, for one definition: holds the tables, then takes frames.

    Each spectrum is divided by its magnitude once a microphone, which is the phase transform of
    every cross-spectrum; only the wanted lags are transformed back, by a product with a table.
    A frame gives the same bits alone and in any batch.
    """

    def __init__(self, definition: FeatureDefinition) -> None:
        self.definition = definition
        d = definition
        bins = np.arange(d.n_fft // 2 + 1)
        lags = np.arange(-d.max_lag, d.max_lag + 1)
        angle = 2 * np.pi * np.outer(bins, lags) / (d.n_fft * d.interpolation)
        # Each bin but the first and the last also stands for its mirror image.
        share = np.where((bins == 0) | (bins == d.n_fft // 2), 1.0, 2.0)[:, None] / d.n_fft
        table = np.stack([share * np.cos(angle), -share * np.sin(angle)], axis=1)
        #: [2 * bins, lags]: a row for the real part, a row for the imaginary part, as in memory
        self._table = np.ascontiguousarray(table.reshape(-1, d.lags), dtype=np.float32)

    def __call__(self, frames: NDArray[Any]) -> NDArray[np.float32]:
        """Compute features.

        Parameters
            frames : float [n, mics, frame], of any scale
        Returns
            float32 [n, lags, pairs]; lag axis -L..L, centre = 0; zeros where a microphone is silent
        """
        d = self.definition
        if frames.ndim != 3 or frames.shape[1:] != (d.array.mics, d.frame):
            raise RecordingError(
                f"frames: got shape {frames.shape}, allowed is [n, {d.array.mics}, {d.frame}]"
            )
        features = np.empty((len(frames), *d.shape), dtype=np.float32)
        cross = np.empty((d.shape[1], d.n_fft // 2 + 1), dtype=np.complex64)
        for out, frame in zip(features, frames, strict=True):
            spectra = scipy.fft.rfft(np.asarray(frame, dtype=np.float32), d.n_fft)
            magnitude = np.abs(spectra)
            floor = max(EMPTY_BIN * float(magnitude.max()), float(np.finfo(np.float32).tiny))
            spectra[magnitude <= floor] = 0
            spectra *= 1 / np.maximum(magnitude, np.float32(floor))
            conjugates = spectra.conj()
            row = 0
            for i in range(d.array.mics - 1):  # pairs (i, i + 1), (i, i + 2), ... stand together
                others = conjugates[i + 1 :]
                np.multiply(spectra[i], others, out=cross[row : row + len(others)])
                row += len(others)
            np.matmul(cross.view(np.float32), self._table, out=out.T)
        return features


def gcc_phat(frames: NDArray[Any], definition: FeatureDefinition) -> NDArray[np.float32]:
    """Compute GCC-PHAT features of float [n, mics, frame]: float32 [n, lags, pairs]."""
    return GccPhat(definition)(frames)


def arrivals(directions: NDArray[np.float64], definition: FeatureDefinition) -> NDArray[np.float64]:
    """Tell when plane waves reach the microphones, after the array's origin, in lags.

    Parameters
        directions : float64 [directions, 3], unit vectors towards the sources
    Returns
        float64 [directions, mics]
    """
    d = definition
    return np.asarray(-directions @ d.array.xyz.T / d.c * d.fs * d.interpolation)


def steered(
    features: NDArray[np.float32], definition: FeatureDefinition, arrival: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Look up every pair's feature at the lags of plane waves, between lags by a straight line.

    Parameters
        features : float32 [n, lags, pairs]
        arrival : float64 [directions, mics], as `arrivals` tells
    Returns
        float64 [n, directions, pairs]
    """
    d = definition
    found = np.empty((len(features), len(arrival), d.shape[1]))
    for pair, (i, j) in enumerate(d.array.pairs):
        lag = arrival[:, i] - arrival[:, j] + d.max_lag
        low = np.clip(np.floor(lag).astype(np.int64), 0, d.lags - 2)
        part = lag - low
        curve = features[:, :, pair]
        found[:, :, pair] = (1 - part) * curve[:, low] + part * curve[:, low + 1]
    return found


def srp_phat(
    features: NDArray[np.float32], definition: FeatureDefinition, azimuths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum each feature at the lags of plane waves in the horizontal plane: steered response power.

    Parameters
        features : float32 [n, lags, pairs]
        azimuths : float64 [directions], degrees
    Returns
        float64 [n, directions], larger is likelier
    Source: DiBiase, Silverman & Brandstein 2001, "Robust localization in reverberant rooms"
    """
    arrival = arrivals(unit_vectors(azimuths, 0.0), definition)
    return np.asarray(steered(features, definition, arrival).sum(axis=2))
