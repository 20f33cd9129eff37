from dataclasses import replace
from pathlib import Path

import pytest

from otus.doa import definitions
from otus.doa.arrays import Array, circle
from otus.doa.definitions import UMA8, find, finer, preset
from otus.doa.errors import DefinitionError

LISTED = """
name = "desk"
positions = [[0.0, 0.0], [0.06, 0.0], [0.06, 0.08]]
"""


@pytest.mark.parametrize(
    ("name", "shape", "fs"),
    [
        ("uma8", (13, 15), 16_000),
        ("uma8-centre", (13, 21), 16_000),
        ("respeaker4", (13, 6), 16_000),
        ("reference-13", (13, 15), 22_050),
        ("reference-25", (25, 15), 44_100),
        ("reference-25x2", (25, 15), 22_050),
        ("reference-39", (39, 15), 44_100),
    ],
)
def test_presets_have_the_shapes_of_their_models(
    name: str, shape: tuple[int, int], fs: int
) -> None:
    d = definitions.preset(name)
    assert (d.shape, d.fs) == (shape, fs)
    if name.startswith("reference"):
        assert (d.c, round(d.array.aperture, 6)) == (340, 0.09)
        assert d.max_lag == d.least_lag or name == "reference-39"
        assert d.frame / d.fs == pytest.approx(0.093, abs=1e-3)
    else:
        assert (d.c, d.max_lag, d.frame, d.hop, d.n_fft) == (343, 6, 2048, 1024, 4096)


def test_every_preset_is_tested_and_found_by_its_name() -> None:
    assert len(definitions.PRESETS) == 7
    for name, d in definitions.PRESETS.items():
        assert definitions.find(name) is d
    assert definitions.find("uma8") is definitions.UMA8


def test_a_file_gives_an_array_with_the_least_lags_or_its_own(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(LISTED)
    d = definitions.find(path)
    assert d.array == Array("desk", ((0, 0, 0), (0.06, 0, 0), (0.06, 0.08, 0)))
    assert (d.max_lag, d.fs) == (5, 16_000)  # 0.1 m / 343 m/s * 16 kHz = 4.66
    path.write_text(LISTED + "[features]\nfs = 48000\nmax_lag = 20\nc = 340\n")
    d = definitions.find(str(path))
    assert (d.max_lag, d.fs, d.c) == (20, 48_000, 340)
    path.write_text('name = "ring"\nradius = 0.03\nmics = 8\n')
    assert definitions.find(path).array == Array("ring", circle(0.03, 8))


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (
            "[features]\nmax_lags = 3",
            "unknown key 'max_lags'; did you mean 'max_lag'?; allowed: fs, frame",
        ),
        ("[features]\nmax_lag = 2", "features: max_lag: got 2.*use 5 or more"),
        ('[features]\nfs = "16k"', "features: fs: got '16k'"),
        ("features = 3", "features: got 3, allowed is a table"),
    ],
)
def test_features_out_of_range_are_refused(tmp_path: Path, features: str, message: str) -> None:
    path = tmp_path / "desk.toml"
    in_front = not features.startswith("[")
    path.write_text(features + LISTED if in_front else LISTED + features)
    with pytest.raises(DefinitionError, match=message.replace("?", r"\?")) as error:
        definitions.find(path)
    assert str(path) in str(error.value)


def test_an_unknown_name_says_which_is_near() -> None:
    with pytest.raises(DefinitionError, match=r"'respeaker' is not known; did you mean 'respeake"):
        definitions.find("respeaker")
    with pytest.raises(DefinitionError, match=r"known: uma8, .*; or give a file NAME\.toml"):
        definitions.find("x")
    with pytest.raises(DefinitionError, match=r"none\.toml: no such file"):
        definitions.find("none.toml")


def test_no_max_lag_is_written_by_leaving_it_out(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text('name = "desk"\nradius = 0.05\nmics = 4\n[features]\nmax_lag = 0\n')
    with pytest.raises(DefinitionError, match=r"desk\.toml: features: max_lag: got 0; leave it ou"):
        find(file)
    file.write_text('name = "desk"\nradius = 0.05\nmics = 4\n')
    assert find(file).max_lag == 5


def test_finer_lags_are_as_many_as_a_definition_may_have() -> None:
    fine = finer(UMA8, 4)
    assert (fine.interpolation, fine.max_lag) == (4, 24)
    assert finer(preset("reference-25x2"), 64).interpolation == 64
    assert finer(replace(UMA8, max_lag=700), 4) == replace(UMA8, max_lag=700)
