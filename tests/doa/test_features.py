import dataclasses
import json
import time

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from otus.doa import definitions
from otus.doa.arrays import PRESETS, preset
from otus.doa.definitions import UMA8
from otus.doa.errors import DefinitionError, RecordingError
from otus.doa.features import FeatureDefinition, GccPhat, gcc_phat, srp_phat

from .conftest import plane_wave


def reference(frame: NDArray[np.float32], d: FeatureDefinition) -> NDArray[np.float64]:
    """The definition, written out: one pair at a time, the whole inverse transform."""
    out = np.zeros(d.shape)
    for pair, (i, j) in enumerate(d.array.pairs):
        cross = np.fft.rfft(frame[i].astype(float), d.n_fft)
        cross *= np.fft.rfft(frame[j].astype(float), d.n_fft).conj()
        cross /= np.abs(cross)
        if d.interpolation > 1:  # on a finer grid the last bin has a mirror image
            cross[-1] /= 2
        whole = np.fft.irfft(cross, d.n_fft * d.interpolation) * d.interpolation
        out[:, pair] = np.roll(whole, d.max_lag)[: d.lags]
    return out


@pytest.mark.parametrize(
    "d",
    [
        UMA8,
        FeatureDefinition(preset("uma8-centre")),
        FeatureDefinition(preset("respeaker4"), frame=1000, hop=300, n_fft=1024),
        FeatureDefinition(UMA8.array, interpolation=3, max_lag=12),
        definitions.preset("reference-25x2"),
    ],
    ids=lambda d: f"{d.array.name}-{d.n_fft}-{d.interpolation}",
)
def test_features_equal_the_definition_written_out(d: FeatureDefinition) -> None:
    noise = np.random.default_rng(1).normal(size=(d.array.mics, 2 * d.frame)).astype(np.float32)
    frames = d.frames(noise)
    features = gcc_phat(frames, d)
    assert features.shape == (d.count(2 * d.frame), *d.shape)
    assert features.dtype == np.float32
    for feature, frame in zip(features, frames, strict=True):
        np.testing.assert_allclose(feature, reference(frame, d), atol=2e-5)


def test_features_equal_a_correlation_in_time() -> None:
    """Without any transform of the product: white-phase signals, shifted and multiplied."""
    d = FeatureDefinition(preset("respeaker4"), frame=500, hop=500, n_fft=512)
    rng = np.random.default_rng(2)
    frame = scipy.signal.lfilter([1], [1, -0.9], rng.normal(size=(4, 500))).astype(np.float32)
    feature = gcc_phat(frame[None], d)[0]
    k = np.arange(d.n_fft)
    turn = np.exp(-2j * np.pi * np.outer(k, np.arange(d.frame)) / d.n_fft)
    spectra = frame.astype(float) @ turn.T
    white = ((spectra / np.abs(spectra)) @ np.exp(2j * np.pi * np.outer(k, k) / d.n_fft)).real
    white /= d.n_fft
    for pair, (i, j) in enumerate(d.array.pairs):
        around = np.concatenate([white[i]] * 3)
        shifted = around[d.n_fft - d.max_lag : 2 * d.n_fft + d.max_lag]
        want = np.correlate(shifted, white[j], mode="valid")
        np.testing.assert_allclose(feature[:, pair], want, atol=2e-6)


@pytest.mark.parametrize("delay", [-3, -1, 0, 2, 4])
def test_whole_delays_give_one_lag_of_one(delay: int) -> None:
    d = FeatureDefinition(preset("respeaker4"), frame=2048, hop=2048, n_fft=2048)
    x = np.random.default_rng(3).normal(size=2048)
    frame = np.stack([x, x, np.roll(x, delay), x]).astype(np.float32)  # all around: no ends
    feature = gcc_phat(frame[None], d)[0]
    want = np.zeros(d.lags)
    want[d.max_lag + delay] = 1  # pair (2, 3): microphone 2 hears it `delay` samples later
    np.testing.assert_allclose(feature[:, d.array.pairs.index((2, 3))], want, atol=1e-5)
    np.testing.assert_allclose(feature[:, d.array.pairs.index((1, 2))], want[::-1], atol=1e-5)


@pytest.mark.parametrize("delay", [-2.75, 0.5, 2.125])
def test_fractional_delays_give_the_sinc_between_the_lags(delay: float) -> None:
    d = FeatureDefinition(preset("respeaker4"), frame=2048, hop=2048, n_fft=2048, interpolation=8)
    spectrum = np.fft.rfft(np.random.default_rng(4).normal(size=2048))
    spectrum[-1] = 0  # the last bin has no phase to delay
    late = spectrum * np.exp(-2j * np.pi * np.arange(1025) * delay / 2048)
    frame = np.fft.irfft(np.stack([late, spectrum, spectrum, spectrum])).astype(np.float32)
    feature = gcc_phat(frame[None], d)[0, :, 0]
    lags = np.arange(-d.max_lag, d.max_lag + 1) / 8
    np.testing.assert_allclose(feature, np.sinc(lags - delay), atol=2e-3)
    assert lags[feature.argmax()] == delay


@pytest.mark.parametrize("azimuth", [0.0, 37.0, 181.0, 305.0])
def test_the_peak_is_the_delay_of_the_first_microphone_after_the_second(azimuth: float) -> None:
    d = FeatureDefinition(UMA8.array, interpolation=16, max_lag=96)
    x = plane_wave(d.array, azimuth)
    peaks = gcc_phat(d.frames(x), d).mean(axis=0).argmax(axis=0) - d.max_lag
    angles = np.radians(azimuth - 60 * np.arange(6))
    arrival = -0.0425 * np.cos(angles) / 343 * 16_000 * 16
    want = [arrival[i] - arrival[j] for i, j in d.array.pairs]
    np.testing.assert_allclose(peaks, want, atol=0.8)


def test_turning_the_array_by_60_degrees_permutes_the_pairs_and_flips_lags() -> None:
    x = plane_wave(UMA8.array, 25.0)
    features = gcc_phat(UMA8.frames(x), UMA8)
    turned = gcc_phat(UMA8.frames(np.roll(x, 1, axis=0)), UMA8)  # the source at 85 degrees
    for pair, (i, j) in enumerate(UMA8.array.pairs):
        a, b = (i - 1) % 6, (j - 1) % 6
        source = UMA8.array.pairs.index((min(a, b), max(a, b)))
        lags = slice(None) if a < b else slice(None, None, -1)
        np.testing.assert_allclose(turned[:, :, pair], features[:, lags, source], atol=2e-6)


def test_a_frame_gives_the_same_bits_alone_and_in_a_batch_and_at_any_level() -> None:
    x = plane_wave(UMA8.array, 200.0)
    frames = UMA8.frames(x)
    features = gcc_phat(frames, UMA8)
    for k in range(len(frames)):
        assert np.array_equal(gcc_phat(frames[k : k + 1], UMA8)[0], features[k])
    assert np.array_equal(gcc_phat(frames * np.float32(2**-9), UMA8), features)


def test_int16_and_float_give_the_same_frames() -> None:
    x = (plane_wave(UMA8.array, 10.0) * 32767).astype(np.int16)
    np.testing.assert_array_equal(UMA8.frames(x), UMA8.frames(x / np.float32(32768)))
    assert len(UMA8.frames(x)) == UMA8.count(8192) == 7
    np.testing.assert_array_equal(UMA8.frames(x)[3], x[:, 3072:5120] / np.float32(32768))
    np.testing.assert_allclose(UMA8.times(2), [0.064, 0.128])


def test_silence_gives_zeros() -> None:
    assert not gcc_phat(np.zeros((2, 6, 2048), dtype=np.float32), UMA8).any()
    one_dead = np.array(UMA8.frames(plane_wave(UMA8.array, 0.0)))
    one_dead[:, 2] = 0
    features = gcc_phat(one_dead, UMA8)
    assert np.isfinite(features).all()
    for pair, mics in enumerate(UMA8.array.pairs):
        assert features[:, :, pair].any() == (2 not in mics)


def test_a_frame_costs_well_under_a_millisecond() -> None:
    frames = np.random.default_rng(0).normal(size=(40, 6, 2048)).astype(np.float32)
    compute = GccPhat(UMA8)
    best = min(timed(compute, frames) for _ in range(5))
    assert best / len(frames) < 1e-3


def timed(compute: GccPhat, frames: NDArray[np.float32]) -> float:
    """Seconds of processor time, which other work on the machine does not lengthen."""
    start = time.process_time()
    compute(frames)
    return time.process_time() - start


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_steered_power_peaks_at_the_source(name: str) -> None:
    d = FeatureDefinition(preset(name))
    azimuths = np.arange(0.0, 360.0, 5.0)
    for azimuth in (0.0, 100.0, 250.0):
        power = srp_phat(gcc_phat(d.frames(plane_wave(d.array, azimuth)), d), d, azimuths)
        error = (azimuths[power.argmax(axis=1)] - azimuth + 180) % 360 - 180
        assert np.abs(error).max() <= 10


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_lag": 3}, r"max_lag: got 3.*in 4 lags: ceil\(0.0850 m / 343 m/s"),
        ({"interpolation": 2}, "max_lag: got 6.*in 8 lags"),
        ({"n_fft": 1024}, "n_fft: got 1024.*2048"),
        ({"n_fft": 4095}, "n_fft: got 4095.*even"),
        ({"window": "hann"}, "window: got 'hann', allowed: rectangular"),
        ({"fs": 16000.0}, "fs: got 16000.0, allowed are integers"),
        ({"hop": 0}, "hop: got 0"),
        ({"c": 3.43}, "c: got 3.43"),
        ({"c": "343"}, "c: got '343'"),
        ({"max_lag": 1001}, "max_lag: got 1001, allowed with n_fft 4096 is 1000 at most"),
        ({"frame": 100, "n_fft": 100, "max_lag": 50}, "allowed with n_fft 100 is 49 at most"),
        ({"fs": 2000}, "fs: got 2000, allowed are integers from 4000 to 384000"),
        ({"n_fft": 4_000_000_000}, "n_fft: got 4000000000, allowed .* from 2 to 65536"),
        ({"interpolation": 100_000_000}, "allowed are integers from 1 to 64"),
        ({"max_lag": -1}, r"max_lag: got -1.*in 4 lags"),
        ({"max_lag": 6.0}, "max_lag: got 6.0, allowed are integers"),
    ],
)
def test_unusable_definitions_are_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        dataclasses.replace(UMA8, **fields)


def test_without_a_half_width_it_is_the_least_that_no_source_exceeds() -> None:
    for name, least in (("uma8", 4), ("respeaker4", 4), ("reference", 5)):
        d = FeatureDefinition(preset(name))
        assert d.max_lag == d.least_lag == least
        with pytest.raises(DefinitionError, match=f"use {least} or more"):
            dataclasses.replace(d, max_lag=least - 1)
    assert FeatureDefinition(preset("uma8"), interpolation=2).max_lag == 8


def test_a_card_gives_the_definition_back() -> None:
    for d in definitions.PRESETS.values():
        assert FeatureDefinition.from_dict(json.loads(json.dumps(d.to_dict()))) == d


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fs": None}, r"missing \['fs'\]"),
        ({"colour": 1}, r"unknown \['colour'\]"),
        ({"max_lag": 0}, "max_lag: got 0, a card has the lags"),
        ({"kind": "mel"}, "kind: got 'mel', allowed is 'gcc-phat'"),
        ({"axes": ["pair", "lag"]}, "axes: got"),
        ({"positions_m": [[0, 0]]}, "positions_m: allowed"),
        ({"array": "respeaker4"}, "array: 'respeaker4' is the name of another array"),
    ],
)
def test_a_wrong_card_is_refused(change: dict[str, object], message: str) -> None:
    card = {k: v for k, v in (UMA8.to_dict() | change).items() if v is not None}
    with pytest.raises(DefinitionError, match=message):
        FeatureDefinition.from_dict(card)


def test_wrong_samples_are_refused() -> None:
    with pytest.raises(RecordingError, match=r"shape \(4, 9000\).*6 microphones of 'uma8'"):
        UMA8.frames(np.zeros((4, 9000), dtype=np.int16))
    with pytest.raises(
        RecordingError, match=r"got 2047 per channel, one frame needs 2048 \(128 ms"
    ):
        UMA8.frames(np.zeros((6, 2047), dtype=np.int16))
    with pytest.raises(RecordingError, match=r"frames: got shape .* \[n, 6, 2048\]"):
        gcc_phat(np.zeros((6, 2048)), UMA8)
