"""What the features say about the channels: each fault is named, and only where there is one."""

import numpy as np
import pytest
from numpy.typing import NDArray
from recordings import QUARTERS, SQUARE, labelled
from toys import noisy_wave

from otus.doa.definitions import UMA8, preset
from otus.doa.features import FeatureDefinition
from otus.doa.recording import active
from otus.doa.wiring import evidence, fault, same


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
