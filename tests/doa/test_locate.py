import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from toys import noisy_wave

from otus.doa.angles import AZIMUTH
from otus.doa.definitions import UMA8
from otus.doa.errors import DefinitionError, ModelError, RecordingError
from otus.doa.features import srp_phat
from otus.doa.litert import reference
from otus.doa.locate import Direction, Located, Segment, compare, locate, read_truth
from otus.doa.prepare import Recording, load, prepare

from .conftest import ROOT


def steered(features: NDArray[np.float32]) -> NDArray[Any]:
    """An inference callable without a network: a softmax of the steered power."""
    power = srp_phat(features, UMA8, AZIMUTH.centres)
    peaked = np.exp(20 * (power - power.max(axis=1, keepdims=True)))
    return peaked / peaked.sum(axis=1, keepdims=True)


def heard(x: NDArray[Any]) -> Recording:
    return prepare(x, UMA8.fs, UMA8)


def test_a_wave_between_two_silences_is_located() -> None:
    silence = np.zeros((6, 8192), dtype=np.float32)
    x = np.concatenate([silence, noisy_wave(352.0, 0.0), silence], axis=1)
    results = locate(heard(x), {"azimuth": steered}, average=2)
    assert len(results) == UMA8.count(x.shape[1])
    assert [r.time for r in results[:2]] == pytest.approx([0.064, 0.128])
    for r in results:
        assert r.active == (r.state == "heard") == (0.46 < r.time < 1.06)
        assert (r.azimuth is None) == (not r.active)
        assert r.elevation is None
        if r.azimuth is None:
            assert (r.state, r.directions, r.confidence) == ("silent", (), 0.0)
        else:
            assert AZIMUTH.error(r.azimuth, 352.0) < 9  # the grid of `steered` is 10 degrees
            assert r.confidence > 0.5
            assert r.to_dict()["directions"] == [
                {"azimuth": r.azimuth, "elevation": None, "confidence": r.confidence}
            ]
            assert r.to_dict()["azimuth"] == r.azimuth


def test_the_average_follows_a_source_that_moves_and_never_reaches_into_silence() -> None:
    first, second = noisy_wave(350.0, 0.0, seed=1), noisy_wave(20.0, 0.0, seed=2)
    x = np.concatenate([first, 0 * first, second], axis=1)
    for average in (1, 4, 16):
        results = [r for r in locate(heard(x), {"azimuth": steered}, average=average) if r.active]
        early, late = (np.array([r.azimuth for r in part]) for part in (results[:6], results[-6:]))
        assert AZIMUTH.error(early, 350.0).max() < 10.5
        if average < 9:  # the silence is eight frames long
            assert AZIMUTH.error(late, 20.0).max() < 10.5
    with pytest.raises(DefinitionError, match="average: got 0"):
        locate(heard(x), {"azimuth": steered}, average=0)


def test_all_turns_of_the_array_say_what_one_does_of_a_clear_wave() -> None:
    asked: list[int] = []

    def listening(features: NDArray[np.float32]) -> NDArray[Any]:
        asked.append(len(features))
        return steered(features)

    wave = heard(noisy_wave(352.0, 0.0))
    once = locate(wave, {"azimuth": listening})
    frames = sum(asked)
    asked.clear()
    turned = locate(wave, {"azimuth": listening}, turns=True)
    assert sum(asked) == 6 * frames
    for a, b in zip(once, turned, strict=True):
        assert a.azimuth is not None
        assert b.azimuth is not None
        assert AZIMUTH.error(a.azimuth, b.azimuth) < 1


def test_opposite_directions_in_an_average_are_not_confident() -> None:
    def here_and_there(features: NDArray[np.float32]) -> NDArray[Any]:
        p = np.zeros((len(features), 36))
        p[::2, 35] = p[1::2, 17] = 1.0
        return p

    x = heard(np.tile(noisy_wave(0.0, 0.0), 2))
    results = locate(x, {"azimuth": here_and_there}, average=2)
    assert all(r.confidence == pytest.approx(0.5) for r in results[1:])
    assert all(r.azimuth in (170.0, 350.0) for r in results)
    results = locate(x, {"azimuth": here_and_there}, average=1)
    (whole,) = compare(results, [Segment(0.1, 10, 350, 0)])
    assert whole.azimuth is None
    assert whole.agreement < 0.1
    assert whole.error == pytest.approx(90, abs=7)


def test_two_sources_are_two_directions() -> None:
    def pair(features: NDArray[np.float32]) -> NDArray[Any]:
        p = np.zeros((len(features), 36))
        p[:, [35, 0, 9]] = 0.3, 0.9, 0.6
        return p

    (first, *_) = locate(heard(noisy_wave(0.0, 0.0)), {"two-source": pair}, average=1)
    assert [d.confidence for d in first.directions] == pytest.approx([0.9, 0.6])
    assert AZIMUTH.error(np.array([d.azimuth for d in first.directions]), [0, 90]).max() < 5
    assert first.azimuth == first.directions[0].azimuth


def test_a_second_peak_that_is_hardly_one_is_no_direction() -> None:
    def alone(features: NDArray[np.float32]) -> NDArray[Any]:
        p = np.zeros((len(features), 36))
        p[:, [0, 9]] = 0.9, 0.05
        return p

    (first, *_) = locate(heard(noisy_wave(0.0, 0.0)), {"two-source": alone}, average=1)
    assert [d.azimuth for d in first.directions] == [0.0]


def test_an_elevation_alone_has_no_azimuth() -> None:
    def high(features: NDArray[np.float32]) -> NDArray[Any]:
        return np.tile(np.eye(10)[7], (len(features), 1))

    (first, *_) = locate(heard(noisy_wave(0.0, 0.0)), {"elevation": high})
    assert (first.azimuth, first.elevation, first.confidence) == (None, 70.0, 1.0)


def test_networks_that_do_not_go_together_are_refused() -> None:
    x = heard(noisy_wave(0.0, 0.0))
    with pytest.raises(DefinitionError, match="azimuth and azimuth-360 tell the same angle"):
        locate(x, {"azimuth": steered, "azimuth-360": steered})
    with pytest.raises(DefinitionError, match="elevation of two sources cannot be told"):
        locate(x, {"two-source": steered, "elevation": steered})
    with pytest.raises(ModelError, match=r"elevation: .*allowed is \[n, 10\]"):
        locate(x, {"elevation": steered})


def test_the_demo_recording_comes_from_where_it_was_spoken() -> None:
    pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
    networks = {
        name: reference(ROOT / f"models/{name}.tflite") for name in ("azimuth", "elevation")
    }
    recording = load(ROOT / "models/demo.flac", UMA8)
    assert recording.notes == ()
    told = compare(locate(recording, networks), read_truth(ROOT / "models/demo.json"))
    assert len(told) == 5
    for h in told:
        assert h.frames > 15
        assert h.agreement > 0.95
        assert h.error is not None
        assert h.error < 6
        assert h.azimuth is not None
        assert AZIMUTH.error(h.azimuth, h.segment.azimuth) < 5
        assert h.elevation is not None
        assert abs(h.elevation - h.segment.elevation) < 15


def test_segments_without_sound_have_no_angle() -> None:
    results = [Located(0.1, "silent"), Located(0.6, "heard", (Direction(350.0, 20.0, 0.5),)),
               Located(0.7, "heard", (Direction(20.0, 40.0, 0.5),))]  # fmt: skip
    silent, sounding = compare(results, [Segment(0, 0.5, 10, 0), Segment(0.5, 1, 10, 0)])
    assert (silent.frames, silent.azimuth, silent.error) == (0, None, None)
    assert sounding.azimuth == pytest.approx(5)
    assert sounding.elevation == pytest.approx(30)
    assert sounding.error == pytest.approx(15)


def test_truth_files_that_are_not_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        read_truth(tmp_path / "none.json")
    for text in ("hello", json.dumps({"segments": [{"start": 0}]}), "[]"):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(RecordingError, match=r"not a truth file.*start, end, azimuth"):
            read_truth(tmp_path / "a.json")
