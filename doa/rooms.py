"""Simulated rooms: image sources for the early part, a diffuse tail for the late part.

Sources: Allen & Berkley 1979, "Image method for efficiently simulating small-room acoustics";
Habets & Gannot 2007, "Generating sensor signals in isotropic noise fields" (coherence sin(x) / x);
Kuttruff 2009, "Room Acoustics", eq. 5.25 (Eyring's reverberation time).
"""

import functools
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .arrays import Array
from .errors import DatasetError
from .extras import require

#: Image sources are kept up to this long after the direct sound, seconds; then the tail takes over.
EARLY = 0.080
MAX_ORDER = 17
#: Taps and sub-sample steps of the windowed sinc that places an image source.
TAPS = 32
STEPS = 256


@dataclass(frozen=True)
class Room:
    """A shoebox room.

    Parameters
        size : length, width, height, metres
        rt60 : time in which sound falls by 60 dB, seconds
        c : speed of sound, m/s
        order : if given, sound is reflected so often and no more, by walls that are perfect and
            alike, and there is no tail
    """

    size: tuple[float, float, float]
    rt60: float
    c: float = 343.0
    order: int | None = None

    @classmethod
    def reflecting(
        cls, size: tuple[float, float, float], absorption: float, order: int, c: float = 343.0
    ) -> "Room":
        """Make a room whose walls take this share of the energy, and that reflects `order` times.

        Its rt60 is what it would be if reflections went on.
        """
        unit = cls(size, 1.0, c)
        return cls(size, float(np.log1p(-unit.absorption) / np.log1p(-absorption)), c, order)

    @property
    def absorption(self) -> float:
        """Share of the energy that the average wall takes (Eyring)."""
        x, y, z = self.size
        surface = 2 * (x * y + y * z + x * z)
        exponent = 24 * np.log(10) * x * y * z / (self.c * surface * self.rt60)
        return float(1 - np.exp(-exponent))


def images(
    room: Room, source: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mirror a source at the walls.

    Where the room's `order` is not given, the walls' absorption differs at random around the
    room's average, and images are moved by up to 5 cm, as walls are not perfect.

    Parameters
        source : float64 [3] metres from the room's corner
    Returns
        float64 [images, 3] metres; amplitudes float64 [images]; the first is the source itself
    """
    pra = require("pyroomacoustics", "train")
    walls = ("east", "west", "north", "south", "ceiling", "floor")
    if room.order is None:
        uneven = rng.uniform(0.5, 1.5, len(walls))
        reach = room.c * EARLY + float(np.linalg.norm(room.size))
        order = min(MAX_ORDER, int(np.ceil(reach / min(room.size))))
    else:
        uneven, order = np.ones(len(walls)), room.order
    reflected = (1 - room.absorption) ** uneven
    box = pra.ShoeBox(
        room.size,
        materials={w: pra.Material(float(1 - r)) for w, r in zip(walls, reflected, strict=True)},
        max_order=order,
        air_absorption=False,
    )
    box.add_source(source)
    box.add_microphone(np.asarray(room.size)[:, None] / 2)
    box.image_source_model()
    model = box.sources[0]
    places = np.array(model.images, dtype=np.float64).T
    amplitudes = np.array(model.damping, dtype=np.float64)[0]
    first = np.argsort(np.asarray(model.orders), kind="stable")
    places, amplitudes = places[first], amplitudes[first]
    if room.order is None:
        places[1:] += rng.uniform(-0.05, 0.05, places[1:].shape)
    return places, amplitudes


@functools.cache
def sinc_table() -> NDArray[np.float64]:
    """Hann-windowed sinc at every sub-sample step: float64 [STEPS + 1, TAPS]."""
    t = np.arange(TAPS) - (TAPS // 2 - 1) - np.arange(STEPS + 1)[:, None] / STEPS
    table: NDArray[np.float64] = np.sinc(t) * np.cos(np.pi * t / (TAPS + 2)) ** 2
    return table


def place(
    delays: NDArray[np.float64], amplitudes: NDArray[np.float64], taps: int
) -> NDArray[np.float64]:
    """Add up pulses at fractional delays.

    Parameters
        delays : float64 [mics, pulses] samples, at least TAPS / 2
        amplitudes : float64 [mics, pulses]
        taps : length of the result; what lies beyond is dropped
    Returns
        float64 [mics, taps]
    """
    whole = np.floor(delays).astype(np.int64)
    kernels = sinc_table()[np.rint((delays - whole) * STEPS).astype(np.int64)]
    at = whole[..., None] - (TAPS // 2 - 1) + np.arange(TAPS)
    length = taps + TAPS
    at = np.minimum(at, length - 1) + length * np.arange(len(delays))[:, None, None]
    pulses: NDArray[np.float64] = np.bincount(
        at.ravel(), (kernels * amplitudes[..., None]).ravel(), minlength=length * len(delays)
    ).astype(np.float64)
    return pulses.reshape(len(delays), length)[:, :taps]


@functools.lru_cache(maxsize=8)
def mixing(array: Array, bins: int, fs: int, c: float) -> NDArray[np.complex128]:
    """Matrices that turn independent noises into a diffuse field: complex [bins, mics, mics]."""
    gap = np.linalg.norm(array.xyz[:, None] - array.xyz[None], axis=-1)
    f = np.linspace(0, fs / 2, bins)[:, None, None]
    coherence = np.sinc(2 * f * gap / c) + 1e-6 * np.eye(array.mics)
    return np.linalg.cholesky(coherence).astype(np.complex128)


def diffuse(
    array: Array, samples: int, fs: int, rng: np.random.Generator, c: float = 343.0
) -> NDArray[np.float64]:
    """Make white noise that arrives from everywhere: float64 [mics, samples], RMS 1."""
    n = 1 << (samples - 1).bit_length()
    noise = scipy.fft.rfft(rng.normal(size=(array.mics, n)))
    field = np.einsum("fij,jf->if", mixing(array, noise.shape[1], fs, c), noise)
    return np.asarray(scipy.fft.irfft(field, n)[:, :samples], dtype=np.float64)


def impulse_responses(
    room: Room,
    array: Array,
    mics: NDArray[np.float64],
    source: NDArray[np.float64],
    fs: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Simulate the way from a source to each microphone.

    Parameters
        array : the microphones' nominal layout, for the coherence of the tail
        mics : float64 [mics, 3] metres from the room's corner
        source : float64 [3] metres from the room's corner
    Returns
        float64 [mics, taps], as long as the reverberation; the direct sound comes about
        TAPS samples after the start, at amplitude 1
    Raises
        DatasetError: something stands outside the room
    """
    size = np.asarray(room.size)
    for name, point in (("source", source[None]), ("array", mics)):
        if (point <= 0).any() or (point >= size).any():
            raise DatasetError(
                f"{name} at {point.round(2).tolist()} m outside the room {room.size}"
            )
    places, amplitudes = images(room, source, rng)
    path = np.linalg.norm(places[None] - mics[:, None], axis=-1)
    direct = path[:, 0].min()
    if room.order is not None:
        delays = (path - direct) / room.c * fs + TAPS
        return place(delays, amplitudes * direct / path, int(delays.max()) + TAPS)
    end = int(EARLY * fs)
    near = (path.min(axis=0) - direct) / room.c * fs < end + TAPS
    path = path[:, near]
    taps = max(int(room.rt60 * fs), end + TAPS)
    delays = (path - direct) / room.c * fs + TAPS
    early = place(delays, amplitudes[near] * direct / path, taps)
    # The tail starts at the level of the last 20 ms of image sources and falls with the room.
    t = (np.arange(taps) - end) / fs
    last = slice(end - int(0.02 * fs), end)
    fall = 10 ** (-3 * t / room.rt60)
    level = np.sqrt(np.mean(early[:, last] ** 2) / np.mean(fall[last] ** 2))
    fade = np.clip((np.arange(taps) - last.start) / (end - last.start), 0.0, 1.0)
    tail = level * fall * diffuse(array, taps, fs, rng, 343.0)
    return np.asarray(early * np.sqrt(1 - fade) + tail * np.sqrt(fade), dtype=np.float64)
