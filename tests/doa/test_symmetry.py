import numpy as np
import pytest

from otus.doa.arrays import Array, preset
from otus.doa.features import FeatureDefinition, gcc_phat
from otus.doa.symmetry import symmetries

from .conftest import plane_wave


@pytest.mark.parametrize(("name", "count"), [("uma8", 12), ("uma8-centre", 12), ("respeaker4", 8)])
def test_every_symmetry_of_a_feature_is_the_feature_of_the_moved_source(
    name: str, count: int
) -> None:
    d = FeatureDefinition(preset(name))
    found = symmetries(d.array)
    assert len(found) == count
    assert (found[0].turn, found[0].sign, found[0].channels) == (0, 1, tuple(range(d.array.mics)))
    features = gcc_phat(d.frames(plane_wave(d.array, 23.0, 30.0)), d).reshape(
        -1, d.lags * d.shape[1]
    )
    for symmetry in found:
        there = plane_wave(d.array, float(symmetry.azimuth(23.0)), 30.0)
        want = gcc_phat(d.frames(there), d).reshape(features.shape)
        np.testing.assert_allclose(features[:, symmetry.order(d)], want, atol=1e-4)


def test_an_array_without_symmetry_has_the_identity_alone() -> None:
    corner = Array("corner", ((0.0, 0.0, 0.0), (0.03, 0.0, 0.0), (0.0, 0.04, 0.0)))
    assert [s.channels for s in symmetries(corner)] == [(0, 1, 2)]
