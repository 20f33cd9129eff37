"""Shared by the tests of otus.doa."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from otus.doa.arrays import Array, unit_vectors

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of the real recordings, which the repository does not hold."""
    folders = [ROOT / "../shared/recordings", ROOT / "../../shared/recordings"]
    if "OTUS_RECORDINGS" in os.environ:
        folders = [Path(os.environ["OTUS_RECORDINGS"])]
    for folder in folders:
        if any(folder.glob("*.wav")):
            return folder
    pytest.skip("the real recordings are not here; set OTUS_RECORDINGS to their folder")


def plane_wave(
    array: Array, azimuth: float, elevation: float = 0.0, samples: int = 8192, seed: int = 0
) -> NDArray[np.float32]:
    """White noise from far away: float32 [mics, samples] at 16 kHz, c = 343 m/s, no echo."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=samples))
    omega = 2 * np.pi * np.fft.rfftfreq(samples, 1 / 16_000)
    arrival = -array.xyz @ unit_vectors(azimuth, elevation) / 343.0
    waves = np.fft.irfft(spectrum * np.exp(-1j * omega * arrival[:, None]), samples)
    return (0.1 * waves).astype(np.float32)
