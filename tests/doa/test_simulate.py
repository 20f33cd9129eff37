import dataclasses

import numpy as np
import pytest

from otus.doa import simulate
from otus.doa.arrays import PRESETS, Array, preset, unit_vectors
from otus.doa.conditions import HARD, REFERENCE, TWO, Condition
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError
from otus.doa.features import FeatureDefinition, gcc_phat, srp_phat
from otus.doa.simulate import draw_room, draw_scene, render
from otus.doa.speech import SPLITS, noise, white

FS = 16_000
#: No corner stands in the middle: directions must count from the middle all the same.
SQUARE = Array("square", ((0, 0, 0), (0.05, 0, 0), (0.05, 0.05, 0), (0, 0.05, 0)))


@pytest.mark.parametrize("array", [*PRESETS.values(), SQUARE], ids=lambda a: a.name)
def test_a_clean_scene_is_heard_from_where_its_label_says(array: Array) -> None:
    d = FeatureDefinition(array)
    rng = np.random.default_rng(8)
    azimuths = np.arange(0.0, 360.0, 5.0)
    dry = white(rng, FS, FS)
    quiet = Condition("quiet", rt60=(0.15, 0.2), snr=(40, 40), distance=(0.5, 0.8), dome=1.0)
    errors = []
    for _ in range(8):
        scene = draw_scene(quiet, draw_room(quiet, "test", rng), d, rng)
        (place,) = scene.places
        if place.elevation < 50:
            mix, (clean,) = render(scene, [dry], d, rng)
            assert mix.dtype == np.int16
            assert mix.shape == clean.shape == (d.array.mics, FS)
            power = srp_phat(gcc_phat(d.frames(mix), d), d, azimuths).sum(axis=0)
            gap = abs(azimuths[power.argmax()] - place.azimuth)
            errors.append(min(gap, 360 - gap))
    assert len(errors) >= 3
    assert np.median(errors) <= 8
    assert max(errors) <= 20


@pytest.mark.parametrize("snr", [0.0, 20.0])
def test_noise_is_as_loud_as_the_condition_says(snr: float) -> None:
    rng = np.random.default_rng(9)
    condition = Condition("c", rt60=(0.3, 0.3), snr=(snr, snr), distance=(1, 1), dome=0.0)
    scene = draw_scene(condition, draw_room(condition, "test", rng), UMA8, rng)
    mix, (clean,) = render(scene, [noise(rng, FS, FS)], UMA8, rng)
    background = mix / 32767 - clean
    measured = 10 * np.log10(np.mean(clean**2) / np.mean(background**2))
    assert measured == pytest.approx(snr, abs=1.5)
    assert np.abs(mix).max() < 32767


def test_two_sources_stand_apart_and_are_about_as_loud() -> None:
    rng = np.random.default_rng(10)
    gaps = []
    for _ in range(40):
        scene = draw_scene(TWO, draw_room(TWO, "test", rng), UMA8, rng)
        first, second = scene.places
        gaps.append(abs((first.azimuth - second.azimuth + 180) % 360 - 180))
        for place in scene.places:
            np.testing.assert_allclose(
                np.linalg.norm(place.xyz - scene.mics.mean(axis=0)), place.distance, atol=2e-3
            )
    assert min(gaps) >= 25
    assert min(gaps) < 50
    assert max(gaps) > 130
    calm = dataclasses.replace(TWO, snr=(np.inf, np.inf))
    scene = draw_scene(calm, draw_room(calm, "test", rng), UMA8, rng)
    mix, clean = render(scene, [noise(rng, FS, FS), noise(rng, FS, FS)], UMA8, rng)
    assert np.abs(mix / 32767 - clean[0] - clean[1]).max() <= 0.51 / 32767
    a, b = (10 * np.log10(np.mean(part**2)) for part in clean)
    assert abs(a - b) < simulate.LEVEL_DB + 1


def test_the_reference_is_as_it_tells() -> None:
    rng = np.random.default_rng(11)
    heights = set()
    for _ in range(30):
        room = draw_room(REFERENCE, "test", rng)
        assert room.size in ((5, 5, 2), (7, 7, 2), (9, 9, 2))
        assert room.absorption == pytest.approx(0.2)
        scene = draw_scene(REFERENCE, room, UMA8, rng)
        (place,) = scene.places
        centre = np.array(room.size) / 2
        np.testing.assert_allclose(scene.mics, centre + UMA8.array.xyz)
        assert place.azimuth % 1 == 0
        towards = unit_vectors(place.azimuth, place.elevation) * place.distance
        np.testing.assert_allclose(place.xyz, centre + towards, atol=1e-9)
        walls = np.concatenate([place.xyz[:2], np.array(room.size)[:2] - place.xyz[:2]])
        assert walls.min() == pytest.approx(0.5)
        heights.add(round(place.xyz[2], 3))
    assert len(heights) == 5
    assert min(heights) == 1.0
    assert max(heights) == 1.5
    mix, (clean,) = render(scene, [noise(rng, FS, FS)], UMA8, rng)
    assert np.abs(mix - 32767 * clean).max() <= 0.5


def test_gains_and_places_of_microphones_are_off_as_documented() -> None:
    rng = np.random.default_rng(12)
    off = []
    for _ in range(200):
        scene = draw_scene(HARD, draw_room(HARD, "train", rng), UMA8, rng)
        gaps = np.linalg.norm(scene.mics - np.roll(scene.mics, 3, axis=0), axis=1)[:3]
        off += list(gaps - 0.085)
    assert np.std(off) == pytest.approx(np.sqrt(2) * HARD.slack, rel=0.15)
    scene = dataclasses.replace(scene, snr=np.inf)
    dry = noise(rng, FS, FS)
    gains = []
    for seed in range(20):
        same = np.random.default_rng(seed)
        _, (clean,) = render(scene, [dry], UMA8, same)
        gains.append(20 * np.log10(clean.std(axis=1)))
    spread = np.array(gains) - np.mean(gains, axis=1, keepdims=True)
    assert np.std(spread - spread.mean(axis=0)) == pytest.approx(HARD.gain, rel=0.3)


def test_impossible_conditions_are_refused() -> None:
    far = Condition("far", rt60=(0.3, 0.3), snr=(0, 30), distance=(20, 30), dome=1.0)
    rng = np.random.default_rng(0)
    with pytest.raises(DatasetError, match="'far': no space"):
        draw_scene(far, draw_room(far, "test", rng), UMA8, rng)


def test_every_split_has_its_own_stream_of_rooms() -> None:
    drawn = [
        draw_room(HARD, name, np.random.default_rng([1, split.number, 2, 0]))
        for name, split in SPLITS.items()
    ]
    assert len(set(drawn)) == len(SPLITS)


def test_directions_count_from_the_middle() -> None:
    np.testing.assert_allclose(simulate.layout(SQUARE).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(simulate.layout(preset("uma8")), preset("uma8").xyz, atol=1e-12)
