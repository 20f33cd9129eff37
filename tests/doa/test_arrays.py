import numpy as np
import pytest

from otus.doa.arrays import PRESETS, Array, circle, preset, unit_vectors
from otus.doa.errors import DefinitionError


def test_uma8_stands_on_its_circle_counter_clockwise() -> None:
    uma8 = preset("uma8")
    assert uma8.mics == 6
    assert len(uma8.pairs) == 15
    assert uma8.aperture == pytest.approx(0.085)
    x, y, z = uma8.xyz.T
    np.testing.assert_allclose(np.hypot(x, y), 0.0425)
    np.testing.assert_allclose(np.degrees(np.arctan2(y, x)) % 360, 60 * np.arange(6), atol=1e-9)
    assert not z.any()


def test_pairs_are_in_the_order_of_combinations() -> None:
    assert preset("uma8").pairs[:6] == ((0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 2))
    assert len(preset("uma8-centre").pairs) == 21


def test_respeaker4_is_a_square_in_metres() -> None:
    corners = preset("respeaker4").xyz[:, :2] * 1000
    signs = [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    np.testing.assert_allclose(corners, 22.85 * np.array(signs))


def test_an_array_is_a_value() -> None:
    assert preset("uma8") == Array("uma8", circle(0.0425, 6))
    assert len({preset(name) for name in PRESETS}) == 3


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (((0.0, 0.0, 0.0),), "1 microphones, at least 2"),
        (((0.0, 0.0, 0.0), (0.0, 0.0, float("nan"))), "finite"),
        (((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), "same spot"),
    ],
)
def test_unusable_arrays_are_refused(
    positions: tuple[tuple[float, float, float], ...], message: str
) -> None:
    with pytest.raises(DefinitionError, match=message):
        Array("mine", positions)


def test_an_unknown_preset_lists_the_known() -> None:
    with pytest.raises(DefinitionError, match=r"'uma9' is not known.*respeaker4, uma8"):
        preset("uma9")


def test_unit_vectors_point_where_the_axes_say() -> None:
    az, el = np.array([0.0, 90.0, 33.0]), np.array([0.0, 0.0, 90.0])
    np.testing.assert_allclose(unit_vectors(az, el), np.eye(3), atol=1e-12)
