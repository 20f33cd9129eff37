import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

from otus.doa.clips import draw_sounds, silenced, simulate_clip
from otus.doa.conditions import HARD, REFERENCE, TWO
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError
from otus.doa.features import gcc_phat
from otus.doa.material import NONE, Material
from otus.doa.simulate import draw_room, draw_scene
from otus.doa.speech import KINDS

SPOKEN = (1.0, 0.0, 0.0, 0.0)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A second of noise, and a second of another."""
    rng = np.random.default_rng(0)
    paths = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for path in paths:
        soundfile.write(path, rng.uniform(-0.3, 0.3, 16_000), 16_000)
    return paths


def test_without_speech_the_other_kinds_share() -> None:
    assert silenced(HARD, Material("x", sentences=2)) is HARD
    assert silenced(HARD, NONE).kinds == pytest.approx((0, 0.5, 0.5, 0))
    assert silenced(REFERENCE, NONE).kinds == (0, 0, 0, 1)


def test_two_sources_never_play_the_same(files: list[Path]) -> None:
    rng = np.random.default_rng(1)
    spoken = dataclasses.replace(TWO, kinds=SPOKEN)
    for clip in range(10):
        sounds, sources, kinds = draw_sounds(spoken, clip, files, 16_000, rng)
        assert sorted(sources) == [0, 1]
        assert kinds == [KINDS.index("speech")] * 2
        assert not np.array_equal(*sounds)
    _, sources, _ = draw_sounds(silenced(TWO, NONE), 7, (), 16_000, rng)
    assert sources == [14, 15]
    with pytest.raises(DatasetError, match="'two': no two different sources among 1; give more"):
        draw_sounds(spoken, 0, files[:1], 16_000, rng)


def test_a_frame_counts_if_every_source_sounds_in_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for name, part in (("a", slice(0, 9600)), ("b", slice(4800, 19200))):
        x = np.zeros(19_200)
        x[part] = rng.uniform(-0.3, 0.3, 19_200)[part]
        soundfile.write(tmp_path / f"{name}.wav", x, 16_000)
    near = dataclasses.replace(
        TWO, kinds=SPOKEN, rt60=(0.15, 0.16), snr=(40, 40), distance=(0.5, 0.6)
    )
    scene = draw_scene(near, draw_room(near, "test", rng), UMA8, rng)
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    frames, fields = simulate_clip(near, scene, 3, files, UMA8, rng)
    assert frames.dtype == np.int16
    assert 3 <= len(frames) <= 8  # together from 0.3 to 0.6 s
    assert fields["clip"] == 3
    assert {fields["source"], fields["source_2"]} == {0, 1}
    assert fields["azimuth_2"] == scene.places[1].azimuth
    features = gcc_phat(frames / np.float32(32768), UMA8)
    assert np.isfinite(features).all()
