import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from otus.doa.arrays import Array, circle, preset
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


@pytest.mark.parametrize(
    ("array", "turns", "mirrors"),
    [
        (Array("eight", circle(0.1, 8)), 8, 8),
        (Array("seven", circle(0.1, 7)), 7, 7),
        (Array("oblong", ((0, 0, 0), (0.04, 0, 0), (0.04, 0.03, 0), (0, 0.03, 0))), 2, 2),
        (Array("tetrahedron", (*circle(0.03, 3), (0.0, 0.0, 0.042))), 3, 3),
        (Array("kite", ((0, 0.02, 0), (0.01, 0, 0), (-0.01, 0, 0), (0, -0.04, 0))), 1, 1),
        (Array("corner", ((0, 0, 0), (0.03, 0, 0), (0, 0.04, 0))), 1, 0),
        (Array("mast", ((0, 0, 0), (0, 0, 0.03), (0, 0, 0.09))), 1, 1),
    ],
    ids=lambda a: getattr(a, "name", None),
)
def test_the_group_comes_from_the_positions(array: Array, turns: int, mirrors: int) -> None:
    found = symmetries(array)
    assert [s.sign for s in found] == [1] * turns + [-1] * mirrors
    np.testing.assert_allclose([s.turn for s in found[:turns]], 360 / turns * np.arange(turns))
    layout = array.xyz - array.xyz.mean(axis=0)
    for symmetry in found:
        azimuth = np.degrees(np.arctan2(layout[:, 1], layout[:, 0]))
        radius = np.hypot(layout[:, 0], layout[:, 1])
        at = np.radians(symmetry.azimuth(azimuth))
        moved = np.stack([radius * np.cos(at), radius * np.sin(at), layout[:, 2]], axis=1)
        np.testing.assert_allclose(moved, layout[np.argsort(symmetry.channels)], atol=1e-8)


@given(
    fold=st.integers(2, 6),
    orbits=st.lists(
        st.tuples(st.floats(0.02, 0.1), st.floats(0, 359), st.floats(-0.05, 0.05)),
        min_size=2, max_size=3,
    ),
    shift=st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1)),
)  # fmt: skip
def test_what_is_built_by_turning_is_found_wherever_it_stands(
    fold: int, orbits: list[tuple[float, float, float]], shift: tuple[float, float, float]
) -> None:
    turns = 360 / fold * np.arange(fold)
    xyz = np.array([
        [r * np.cos(np.radians(a + t)), r * np.sin(np.radians(a + t)), z]
        for r, a, z in orbits for t in turns
    ])  # fmt: skip
    gaps = np.linalg.norm(xyz[:, None] - xyz[None], axis=-1)[np.triu_indices(len(xyz), 1)]
    assume(gaps.min() > 1e-3)
    found = symmetries(Array("built", tuple(map(tuple, xyz + shift))))
    there = [s.turn for s in found if s.sign == 1]
    for turn in turns:
        assert np.abs(np.array(there) - turn).min() < 1e-6
    for symmetry in found:
        assert sorted(symmetry.channels) == list(range(len(xyz)))


def test_symmetries_form_a_group() -> None:
    channels = {s.channels for s in symmetries(preset("uma8"))}
    for a in channels:
        for b in channels:
            assert tuple(a[k] for k in b) in channels


def test_an_array_a_little_off_has_fewer() -> None:
    bent = list(circle(0.0425, 6))
    bent[2] = (bent[2][0], bent[2][1], 0.001)
    assert [(s.turn, s.sign) for s in symmetries(Array("bent", tuple(bent)))] == [
        (0, 1),
        (240, -1),
    ]
