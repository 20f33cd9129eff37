import numpy as np
import pytest

from otus.doa.arrays import preset
from otus.doa.errors import DatasetError
from otus.doa.rooms import EARLY, TAPS, Room, diffuse, images, impulse_responses, place

ARRAY = preset("uma8")
FS = 16_000


def test_images_start_with_the_source_and_lie_at_mirrored_places() -> None:
    room = Room((5.0, 4.0, 3.0), rt60=0.4)
    source = np.array([1.0, 1.5, 1.2])
    places, amplitudes = images(room, source, np.random.default_rng(0))
    np.testing.assert_allclose(places[0], source)
    assert amplitudes[0] == 1
    assert ((amplitudes > 0) & (amplitudes <= 1)).all()
    for mirrored in ([-1.0, 1.5, 1.2], [9.0, 1.5, 1.2], [1.0, 6.5, 1.2], [1.0, 1.5, -1.2]):
        assert np.abs(places - mirrored).max(axis=1).min() <= 0.05


def test_a_pulse_is_placed_at_its_fractional_delay() -> None:
    delays = np.array([[40.25], [51.7]])
    pulse = place(delays, np.array([[1.0], [0.5]]), 128)
    omega = np.pi * np.arange(5, 50) / 64
    spectrum = np.exp(-1j * np.outer(omega, np.arange(128))) @ pulse.T
    np.testing.assert_allclose(np.abs(spectrum), [[1, 0.5]] * 45, atol=0.02)
    delay = -np.diff(np.unwrap(np.angle(spectrum), axis=0), axis=0) / (np.pi / 64)
    np.testing.assert_allclose(delay, np.broadcast_to(delays.T, delay.shape), atol=0.05)


def test_what_lies_beyond_the_end_is_dropped() -> None:
    pulse = place(np.array([[100.0, 20.0], [30.0, 30.0]]), np.ones((2, 2)), 64)
    assert pulse[0].sum() == pytest.approx(1, abs=0.05)
    assert pulse[1].sum() == pytest.approx(2, abs=0.1)


def test_direct_sound_arrives_first_and_as_the_geometry_says() -> None:
    room = Room((6.0, 5.0, 3.0), rt60=0.3)
    centre = np.array([3.0, 2.5, 1.0])
    source = centre + np.array([1.0, 0.0, 0.0])
    response = impulse_responses(
        room, ARRAY, centre + ARRAY.xyz, source, FS, np.random.default_rng(1)
    )
    peaks = np.abs(response).argmax(axis=1)
    late = (np.linalg.norm(source - centre - ARRAY.xyz, axis=1) - 0.9575) / 343 * FS
    np.testing.assert_allclose(peaks, TAPS + late, atol=0.6)
    assert response.max() == pytest.approx(1, abs=0.05)
    assert np.abs(response[:, : TAPS // 2 - 2]).max() < 1e-9


@pytest.mark.parametrize("rt60", [0.25, 0.7])
def test_sound_falls_as_the_reverberation_time_says(rt60: float) -> None:
    rng = np.random.default_rng(2)
    centre = np.array([2.0, 3.0, 1.0])
    response = impulse_responses(
        Room((5.0, 6.0, 3.0), rt60),
        ARRAY,
        centre + ARRAY.xyz,
        centre + np.array([1, 1, 0.5]),
        FS,
        rng,
    )
    energy = (response**2).sum(axis=0)[::-1].cumsum()[::-1]
    level = 10 * np.log10(energy / energy[0])
    a, b = np.flatnonzero(level < -5)[0], np.flatnonzero(level < -25)[0]
    measured = 60 / 20 * (b - a) / FS
    assert measured == pytest.approx(rt60, rel=0.35)


def test_the_tail_takes_over_without_a_step() -> None:
    rng = np.random.default_rng(3)
    centre = np.array([2.0, 3.0, 1.0])
    room = Room((5.0, 6.0, 3.0), rt60=0.6)
    response = impulse_responses(
        room, ARRAY, centre + ARRAY.xyz, centre + np.array([1, 1, 0]), FS, rng
    )
    end, span = int(EARLY * FS), int(0.02 * FS)
    before = np.mean(response[:, end - 2 * span : end - span] ** 2)
    after = np.mean(response[:, end : end + span] ** 2)
    fall = 10 * np.log10(before / after)
    assert 0 < fall < 3 + 60 * 0.04 / 0.6


def test_diffuse_noise_is_coherent_as_sin_x_over_x() -> None:
    field = diffuse(ARRAY, 1 << 17, FS, np.random.default_rng(4))
    spectra = np.fft.rfft(field.reshape(6, -1, 256), axis=2)
    cross = (spectra[0] * spectra[3].conj()).mean(axis=0).real
    cross /= (np.abs(spectra[[0, 3]]) ** 2).mean(axis=(0, 1))
    want = np.sinc(2 * np.fft.rfftfreq(256, 1 / FS) * 0.085 / 343)
    np.testing.assert_allclose(cross[1:-1], want[1:-1], atol=0.15)
    assert field.std() == pytest.approx(1, abs=0.05)


def test_points_outside_the_room_are_refused() -> None:
    mics = np.array([2.0, 2.0, 1.0]) + ARRAY.xyz
    with pytest.raises(DatasetError, match=r"source at .* outside the room"):
        impulse_responses(
            Room((4.0, 4.0, 3.0), 0.3), ARRAY, mics, np.array([1.0, 4.5, 1.0]), FS,
            np.random.default_rng(0),
        )  # fmt: skip


def test_a_room_of_first_order_reflects_once_and_exactly() -> None:
    room = Room.reflecting((4.0, 4.0, 3.0), 0.2, order=1)
    assert room.absorption == pytest.approx(0.2)
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    places, amplitudes = images(room, np.array([1.0, 1.5, 1.2]), rng)
    assert rng.bit_generator.state == before
    want = [[1, 1.5, 1.2], [-1, 1.5, 1.2], [7, 1.5, 1.2], [1, -1.5, 1.2], [1, 6.5, 1.2],
            [1, 1.5, -1.2], [1, 1.5, 4.8]]  # fmt: skip
    np.testing.assert_allclose(sorted(places.tolist()), sorted(want), atol=1e-6)
    np.testing.assert_allclose(amplitudes, [1] + [np.sqrt(0.8)] * 6, rtol=1e-6)
    mics = np.array([2.0, 2.0, 1.5]) + ARRAY.xyz
    response = impulse_responses(room, ARRAY, mics, np.array([1.0, 1.5, 1.2]), FS, rng)
    assert response.shape[1] < 0.03 * FS
    assert (np.abs(response[0]) > 0.1).sum() >= 7
