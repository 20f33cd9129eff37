"""Frames with known directions that cost nothing: plane waves, without rooms or speech."""

import numpy as np
from numpy.typing import NDArray

from otus.doa.angles import AZIMUTH
from otus.doa.arrays import Array, unit_vectors
from otus.doa.conditions import CONDITIONS
from otus.doa.dataset import FIELDS, Dataset
from otus.doa.definitions import UMA8
from otus.doa.features import gcc_phat, srp_phat


def plane_wave(
    array: Array, azimuth: float, elevation: float = 0.0, samples: int = 8192, seed: int = 0
) -> NDArray[np.float32]:
    """White noise from far away: float32 [mics, samples] at 16 kHz, c = 343 m/s, no echo."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=samples))
    omega = 2 * np.pi * np.fft.rfftfreq(samples, 1 / 16_000)
    arrival = -array.xyz @ unit_vectors(azimuth, elevation) / 343.0
    waves = np.fft.irfft(spectrum * np.exp(-1j * omega * arrival[:, None]), samples)
    return (0.1 * waves).astype(np.float32)


def ear(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Tell where a plane wave comes from without a network, and be sure: float32 [n, 36]."""
    power = srp_phat(features, UMA8, AZIMUTH.centres)
    return np.eye(36, dtype=np.float32)[power.argmax(axis=1)]


def noisy_wave(
    azimuth: float,
    elevation: float = 20.0,
    *,
    array: Array = UMA8.array,
    noise: float = 0.03,
    seed: int = 0,
) -> NDArray[np.float32]:
    """A plane wave, RMS 0.1, with each microphone's own noise: float32 [mics, samples]."""
    wave = plane_wave(array, azimuth, elevation, seed=seed)
    own = np.random.default_rng([seed, 1]).normal(scale=noise, size=wave.shape)
    return (wave + own).astype(np.float32)


def toy_set(seed: int = 0, frames: int = 7, sources: int = 1) -> Dataset:
    """Plane waves from every azimuth class; a second source is 100 degrees further round."""
    d = UMA8
    rng = np.random.default_rng(seed)
    azimuths = (10.0 * np.arange(36) + rng.uniform(-4, 4, 36)) % 360
    elevations = rng.uniform(0, 40, 36)
    waves = [
        plane_wave(d.array, a, e, seed=seed) for a, e in zip(azimuths, elevations, strict=True)
    ]
    if sources == 2:
        for wave, azimuth in zip(waves, azimuths, strict=True):
            wave += plane_wave(d.array, azimuth + 100, 0.0, seed=seed + 100)
    cut = np.concatenate([d.frames(wave)[:frames] for wave in waves])
    fields = {name: np.zeros(len(cut), dtype=kind) for name, kind in FIELDS.items()}
    fields["azimuth"] = azimuths.repeat(frames)
    fields["elevation"] = elevations.repeat(frames)
    two = sources == 2
    fields["azimuth_2"] = ((azimuths + 100) % 360 if two else azimuths + np.nan).repeat(frames)
    fields["elevation_2"] = (elevations * (0 if two else np.nan)).repeat(frames)
    fields["room"] = fields["clip"] = fields["source"] = np.arange(36).repeat(frames)
    fields["source_2"] = np.arange(36).repeat(frames) + 36 if two else np.full(len(cut), -1)
    fields["distance"] += 1
    condition = "two-easy" if two else "easy"
    fields["condition"] += list(CONDITIONS).index(condition)
    meta = {
        "split": "test",
        "made_by": {"speech": "none"},
        "seed": seed,
        "conditions": [condition],
        "rooms": 36,
        "features": d.to_dict(),
    }
    audio = np.rint(np.clip(cut, -1, 1) * 32767).astype(np.int16)
    return Dataset(gcc_phat(cut, d), fields, meta, audio)
