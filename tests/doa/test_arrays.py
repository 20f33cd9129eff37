from pathlib import Path
from typing import Any

import numpy as np
import pytest

from otus.doa.arrays import PRESETS, Array, circle, from_table, preset, read_toml, unit_vectors
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
    assert len({preset(name) for name in PRESETS}) == len(PRESETS) == 4


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (((0.0, 0.0, 0.0),), "1 microphones, at least 2"),
        (((0.0, 0.0, 0.0), (0.0, 0.0, float("nan"))), "finite"),
        (((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), "same spot"),
        (((42.5, 0.0, 0.0), (-42.5, 0.0, 0.0)), "'mine': 85 m wide, .* are in metres"),
    ],
)
def test_unusable_arrays_are_refused(
    positions: tuple[tuple[float, float, float], ...], message: str
) -> None:
    with pytest.raises(DefinitionError, match=message):
        Array("mine", positions)


def test_an_unknown_preset_lists_the_known() -> None:
    with pytest.raises(DefinitionError, match=r"'uma9' is not known.*did you mean 'uma8'"):
        preset("uma9")


def test_unit_vectors_point_where_the_axes_say() -> None:
    az, el = np.array([0.0, 90.0, 33.0]), np.array([0.0, 0.0, 90.0])
    np.testing.assert_allclose(unit_vectors(az, el), np.eye(3), atol=1e-12)


def test_a_table_describes_a_circle_or_a_list() -> None:
    ring = from_table({"name": "ring", "radius": 0.05, "mics": 4, "centre": True}, "t")
    assert ring == Array("ring", (*circle(0.05, 4), (0.0, 0.0, 0.0)))
    assert from_table({"name": "r", "radius": 0.05, "mics": 3}, "t").mics == 3
    line = from_table({"name": "line", "positions": [[0, 0], [0.1, 0, 0.2], [0.3, 0.0]]}, "t")
    assert line.positions == ((0, 0, 0), (0.1, 0, 0.2), (0.3, 0, 0))
    assert from_table({"name": "uma8", "radius": 0.0425, "mics": 6}, "t") == preset("uma8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, r"my\.toml: name: got ''"),
        ({"name": None}, "name: got None"),
        ({"name": "uma8"}, "'uma8' is the name of another array"),
        ({"radios": 1}, r"unknown key 'radios'; did you mean 'radius'\?; allowed: centre, mics"),
        ({"radius": 0}, "radius: got 0, allowed are metres over 0"),
        ({"radius": "5 cm"}, "radius: got '5 cm'"),
        ({"radius": 42.5}, "85 m wide"),
        ({"mics": 1}, "mics: got 1, allowed are 2 to 64"),
        ({"mics": None}, "mics: got None"),
        ({"centre": 1}, "centre: got 1, allowed are true and false"),
        (
            {"positions": [[0, 0], [0.1, 0]]},
            "either radius and mics .* got mics, positions, radius",
        ),
        ({"radius": None}, "either radius and mics .* got mics"),
    ],
)
def test_a_table_that_describes_no_array_is_refused(change: dict[str, Any], message: str) -> None:
    table = {"name": "mine", "radius": 0.05, "mics": 6} | change
    with pytest.raises(DefinitionError, match=message):
        from_table({k: v for k, v in table.items() if v is not None}, "my.toml")


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (5, r"positions: got 5, allowed is \[\[x, y, z\], ...\]"),
        ([[0, 0], [1]], r"microphone 1: got \[1\]"),
        ([[0, 0], [0.1, float("nan")]], "microphone 1: got"),
        ([[0, 0], [0.1, True]], "microphone 1: got"),
        ([[0, 0]], "1 microphones, at least 2"),
    ],
)
def test_positions_that_are_none_are_refused(positions: object, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        from_table({"name": "mine", "positions": positions}, "my.toml")


def test_files_that_are_not_toml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"none\.toml: no such file"):
        read_toml(tmp_path / "none.toml")
    (tmp_path / "a.toml").write_text("radius: 5")
    with pytest.raises(DefinitionError, match=r"a\.toml: not a TOML file \(.*line 1"):
        read_toml(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DefinitionError, match=r"b\.toml: not a TOML file"):
        read_toml(tmp_path / "b.toml")
