import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from otus.doa.angles import AZIMUTH
from otus.doa.definitions import UMA8
from otus.doa.errors import RecordingError
from otus.doa.features import srp_phat
from otus.doa.litert import reference
from otus.doa.locate import Located, Segment, compare, locate, read_truth

from .conftest import ROOT, plane_wave


def steered(features: NDArray[np.float32]) -> NDArray[Any]:
    """An inference callable without a network: a softmax of the steered power."""
    power = srp_phat(features, UMA8, AZIMUTH.centres)
    peaked = np.exp(20 * (power - power.max(axis=1, keepdims=True)))
    return peaked / peaked.sum(axis=1, keepdims=True)


def test_a_wave_between_two_silences_is_located() -> None:
    silence = np.zeros((6, 8192), dtype=np.float32)
    x = np.concatenate([silence, plane_wave(UMA8.array, 352.0), silence], axis=1)
    results = locate(x, UMA8, steered, average=2)
    assert len(results) == UMA8.count(x.shape[1])
    assert [r.time for r in results[:2]] == pytest.approx([0.064, 0.128])
    for r in results:
        assert r.active == (0.46 < r.time < 1.06)
        assert (r.azimuth is None) == (not r.active)
        assert r.elevation is None
        if r.azimuth is not None:
            assert AZIMUTH.error(r.azimuth, 352.0) < 9  # the grid of `steered` is 10 degrees
            assert r.confidence > 0.5


def test_silence_and_misfits_are_refused() -> None:
    with pytest.raises(RecordingError, match="no frame is loud enough"):
        locate(plane_wave(UMA8.array, 0.0) * np.float32(1e-4), UMA8, steered)
    with pytest.raises(RecordingError, match="4 channels"):
        locate(np.ones((4, 5000), dtype=np.int16), UMA8, steered)


def test_the_demo_recording_comes_from_where_it_was_spoken() -> None:
    pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
    results = locate(
        ROOT / "models/demo.flac",
        UMA8,
        reference(ROOT / "models/azimuth.tflite"),
        reference(ROOT / "models/elevation.tflite"),
    )
    heard = compare(results, read_truth(ROOT / "models/demo.json"))
    assert len(heard) == 5
    for h in heard:
        assert h.frames > 15
        assert h.error is not None
        assert h.error < 6
        assert h.azimuth is not None
        assert AZIMUTH.error(h.azimuth, h.segment.azimuth) < 5
        assert h.elevation is not None
        assert abs(h.elevation - h.segment.elevation) < 15


def test_segments_without_sound_have_no_angle() -> None:
    results = [Located(0.1, False, None, None, 0.0), Located(0.6, True, 350.0, 20.0, 0.5),
               Located(0.7, True, 20.0, 40.0, 0.5)]  # fmt: skip
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
