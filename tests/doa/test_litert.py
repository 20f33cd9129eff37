"""The shipped models, run by LiteRT's reference kernels."""

from pathlib import Path

import numpy as np
import pytest

from otus.doa.angles import AZIMUTH, decode
from otus.doa.definitions import UMA8
from otus.doa.errors import ModelError
from otus.doa.features import gcc_phat
from otus.doa.litert import reference

from .conftest import ROOT, plane_wave

pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")


def test_the_shipped_azimuth_model_hears_plane_waves_all_around() -> None:
    infer = reference(ROOT / "models/azimuth.tflite")
    for azimuth in np.arange(0.0, 360.0, 10.0):
        p = infer(gcc_phat(UMA8.frames(plane_wave(UMA8.array, azimuth, 10.0))[:2], UMA8))
        assert p.shape == (2, 36)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=0.05)
        assert AZIMUTH.error(decode(p, AZIMUTH)[0], azimuth).max() < 10


def test_the_shipped_elevation_model_tells_high_from_low() -> None:
    infer = reference(ROOT / "models/elevation.tflite")
    low, high = (
        infer(gcc_phat(UMA8.frames(plane_wave(UMA8.array, 70.0, e)), UMA8)).mean(axis=0).argmax()
        for e in (5.0, 75.0)
    )
    assert low <= 2
    assert high >= 6


def test_what_is_not_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        reference(tmp_path / "none.tflite")
    with pytest.raises(ModelError, match=r"not a \.tflite model"):
        reference(b"hello, this is not a flatbuffer")


def test_features_of_another_shape_are_refused() -> None:
    infer = reference(ROOT / "models/azimuth.tflite")
    with pytest.raises(ModelError, match=r"of shape \(13, 21\), the model takes \(13, 15\)"):
        infer(np.zeros((2, 13, 21), dtype=np.float32))
