"""What the features say about the channels: each fault is named, and only where there is one."""

import numpy as np
import pytest
from numpy.typing import NDArray
from recordings import QUARTERS, SQUARE, labelled
from toys import noisy_wave

from otus.doa.arrays import Array, circle, unit_vectors
from otus.doa.definitions import UMA8, preset
from otus.doa.features import FeatureDefinition
from otus.doa.recording import active
from otus.doa.wiring import ALIKE, evidence, fault, resemblance, same

CORNER = FeatureDefinition(
    Array("corner", ((0, 0, 0), (0.06, 0, 0), (0.06, 0.08, 0.01), (0.01, 0.05, 0)))
)


def ring(mics: int) -> FeatureDefinition:
    """A ring of so many microphones."""
    return FeatureDefinition(Array(f"ring {mics}", circle(0.04, mics)))


def frames(x: NDArray[np.float32], d: FeatureDefinition = UMA8) -> NDArray[np.float32]:
    return d.frames(x)


@pytest.mark.parametrize("array", ["uma8", "uma8-centre", "respeaker4"])
@pytest.mark.parametrize("azimuth", [0.0, 23.0, 90.0, 301.0])
def test_sound_channels_have_no_fault(array: str, azimuth: float) -> None:
    d = preset(array)
    x = d.frames(noisy_wave(azimuth, array=d.array))
    assert fault(x, d) is None
    found = evidence(x, d)
    assert found.shares.min() > 0.7 * found.shares.max()
    assert found.inverted.max() < 1
    assert max(found.exchanged.values()) < 1.02


@pytest.mark.parametrize("channel", range(6))
def test_a_dead_microphone_and_an_inverted_one_are_named(channel: int) -> None:
    x = noisy_wave(23.0)
    x[channel] *= -1
    assert f"channel {channel} (from 0) is inverted; swap the two wires" in str(
        fault(frames(x), UMA8)
    )
    x[channel] = np.random.default_rng(1).normal(scale=0.1, size=x.shape[1])
    assert f"channel {channel} (from 0) does not hear what the others hear" in str(
        fault(frames(x), UMA8)
    )


@pytest.mark.parametrize(("i", "j"), [(0, 1), (1, 4), (0, 3), (2, 5)])
def test_exchanged_microphones_are_named(i: int, j: int) -> None:
    x = noisy_wave(80.0)
    x[[i, j]] = x[[j, i]]
    assert f"with channels {i} and {j} (from 0) exchanged the sound fits" in str(
        fault(frames(x), UMA8)
    )
    assert "exchanged" not in str(fault(frames(x)[:3], UMA8)), "too few frames to say so"


@pytest.mark.parametrize("factor", [1.0, -0.4, 0.001])
def test_a_channel_twice_is_named(factor: float) -> None:
    x = noisy_wave(23.0)
    x[4] = factor * x[2]
    assert same(frames(x)) == (2, 4)
    assert "channels 2 and 4 (from 0) hold the same signal" in str(fault(frames(x), UMA8))
    assert same(frames(noisy_wave(23.0))) is None


@pytest.mark.parametrize("array", ["uma8", "uma8-centre", "respeaker4"])
@pytest.mark.parametrize(("noise", "late"), [(0.005, 0), (-0.02, 0), (0.0, 1), (0.0, -2)])
def test_a_channel_nearly_twice_is_named(array: str, noise: float, late: int) -> None:
    d = preset(array)
    x = noisy_wave(23.0, array=d.array)
    own = np.random.default_rng(2).normal(scale=0.1 * abs(noise), size=x.shape[1])
    x[3] = np.roll(x[1], late) * (-1 if noise < 0 else 1) + own
    assert "channels 1 and 3 (from 0) h" in str(fault(frames(x, d), d))
    assert resemblance(frames(x, d), d)[0] == (1, 3)


@pytest.mark.parametrize("noise", [0.0, 1e-4, 0.001, 0.01])
@pytest.mark.parametrize(
    "array",
    [*map(preset, ("uma8", "respeaker4")), *map(ring, (3, 5, 7)), CORNER],
    ids=lambda d: d.array.name,
)
def test_one_clear_sound_is_not_taken_for_two_channels_alike(
    array: FeatureDefinition, noise: float
) -> None:
    for azimuth in range(0, 360, 30):
        x = array.frames(noisy_wave(azimuth, array=array.array, noise=noise))
        assert resemblance(x, array)[1] > ALIKE


def test_close_microphones_are_alike() -> None:
    lonely = FeatureDefinition(Array("pair", ((0, 0, 0), (0.01, 0, 0), (0.1, 0, 0))))
    x = noisy_wave(23.0, array=lonely.array)
    x[1] = x[0]
    assert resemblance(frames(x, lonely), lonely) == ((0, 1), 1.0)
    finest = FeatureDefinition(lonely.array, interpolation=64)
    assert resemblance(frames(x, finest), finest)[0] == (0, 1)


@pytest.mark.parametrize("array", ["uma8", "respeaker4"])
@pytest.mark.parametrize("hertz", [50, 60, 100])
@pytest.mark.parametrize("noise_db", [-70, -100, -np.inf])
def test_a_hum_has_no_direction(array: str, hertz: int, noise_db: float) -> None:
    d, rng = preset(array), np.random.default_rng(0)
    arrival = d.array.xyz @ unit_vectors(40.0, 0.0) / 343.0
    phase = np.arange(16_000) / 16_000 + arrival[:, None]
    gain = 10 ** (rng.normal(scale=0.5, size=(d.array.mics, 1)) / 20)
    hum = 0.1 * gain * np.sin(2 * np.pi * hertz * phase)
    x = frames(hum + rng.normal(scale=10 ** (noise_db / 20), size=hum.shape), d)
    found = fault(x, d)
    assert found is not None
    assert "only a hum or a tone, no sound with a direction" in found.says
    assert not found.lasting
    for azimuth in range(0, 360, 60):
        spoken = noisy_wave(azimuth, array=d.array)
        assert fault(frames(spoken + hum[:, : spoken.shape[1]], d), d) is None


def test_unrelated_noises_have_no_direction() -> None:
    for array in ("uma8", "respeaker4"):
        d = preset(array)
        noise = np.random.default_rng(3).normal(scale=0.1, size=(d.array.mics, 9000))
        assert "no sound in common" in str(fault(d.frames(noise), d))


def test_real_microphones_have_no_fault_and_faults_put_into_them_are_named() -> None:
    for recording in [*labelled(1), *labelled(2)]:
        for turn in QUARTERS:
            x = SQUARE.frames(recording.turned(turn)[0])
            x = x[active(x)][:32]
            assert fault(x, SQUARE) is None, recording.path.name
        for channel in range(4):
            y = x.copy()
            y[:, channel] *= -1
            assert f"channel {channel} (from 0) is inverted" in str(fault(y, SQUARE))
            y[:, channel] = np.random.default_rng(0).normal(size=y[:, 0].shape) * y[:, 0].std()
            assert f"channel {channel} (from 0) does not hear" in str(fault(y, SQUARE))
            y[:, channel] = x[:, channel - 1]
            assert "hold the same signal" in str(fault(y, SQUARE))
