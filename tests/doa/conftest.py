"""Shared by the tests of otus.doa."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from otus.doa.arrays import Array, unit_vectors
from otus.doa.conditions import CONDITIONS
from otus.doa.dataset import FIELDS, Dataset
from otus.doa.definitions import UMA8
from otus.doa.features import gcc_phat
from otus.doa.quantise import quantise
from otus.doa.train import train

ROOT = Path(__file__).parents[2]


def plane_wave(
    array: Array, azimuth: float, elevation: float = 0.0, samples: int = 8192, seed: int = 0
) -> NDArray[np.float32]:
    """White noise from far away: float32 [mics, samples] at 16 kHz, c = 343 m/s, no echo."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=samples))
    omega = 2 * np.pi * np.fft.rfftfreq(samples, 1 / 16_000)
    arrival = -array.xyz @ unit_vectors(azimuth, elevation) / 343.0
    waves = np.fft.irfft(spectrum * np.exp(-1j * omega * arrival[:, None]), samples)
    return (0.1 * waves).astype(np.float32)


def toy_set(seed: int = 0, frames: int = 7) -> Dataset:
    """Plane waves from every azimuth class, without noise: no simulation, no speech."""
    d = UMA8
    rng = np.random.default_rng(seed)
    azimuths = (10.0 * np.arange(36) + rng.uniform(-4, 4, 36)) % 360
    elevations = rng.uniform(0, 40, 36)
    waves = [
        plane_wave(d.array, a, e, seed=seed) for a, e in zip(azimuths, elevations, strict=True)
    ]
    features = np.concatenate([gcc_phat(d.frames(w)[:frames], d) for w in waves])
    fields = {name: np.zeros(len(features), dtype=kind) for name, kind in FIELDS.items()}
    fields["azimuth"] = azimuths.repeat(frames)
    fields["elevation"] = elevations.repeat(frames)
    fields["room"] = np.arange(36).repeat(frames)
    fields["condition"] += list(CONDITIONS).index("easy")
    meta = {
        "split": "test",
        "seed": seed,
        "conditions": ["easy"],
        "rooms": 36,
        "features": d.to_dict(),
    }
    return Dataset(features, fields, meta)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with azimuth.keras and azimuth.tflite, trained for a few epochs on plane waves."""
    pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
    folder = tmp_path_factory.mktemp("models")
    lines: list[str] = []
    model = train(
        toy_set(), epochs=12, batch=16, validation=toy_set(seed=9), path=folder / "azimuth.keras",
        report=lines.append,
    )  # fmt: skip
    assert len(lines) == 13
    assert "epoch 12 of 12" in lines[-2]
    assert "validation" in lines[-1]
    content = quantise(model, toy_set().features, folder / "azimuth.tflite")
    assert (folder / "azimuth.tflite").read_bytes() == content
    return folder
