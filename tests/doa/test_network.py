"""The network's size, and .keras files with a record."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from otus.doa.angles import task
from otus.doa.errors import ModelError
from otus.doa.network import RECORD, REFERENCE, SMALL, Widths, load, network, save

from .conftest import toy_set

pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize(
    ("name", "widths", "parameters"),
    [
        ("azimuth", REFERENCE, 44_632),
        ("elevation", REFERENCE, 42_006),
        ("azimuth", SMALL, 4_788),
        ("azimuth-360", REFERENCE, 77_356),
        ("two-source", REFERENCE, 44_632),
    ],
)
def test_the_network_has_the_documented_size(name: str, widths: Widths, parameters: int) -> None:
    model = network((13, 15), task(name), widths)
    assert model.count_params() == parameters
    first, second, hidden = widths
    shapes = [tuple(layer.output.shape[1:]) for layer in model.layers]
    assert shapes[:2] == [(11, first), (9, second)]
    assert shapes[-3:] == [(4 * second,), (hidden,), (task(name).classes.count,)]


def test_a_saved_network_comes_back_with_its_record(tmp_path: Path) -> None:
    model, path = network((13, 15), task("azimuth"), (4, 4, 8)), tmp_path / "new/small.keras"
    save(model, path, {"task": "azimuth", "widths": [4, 4, 8]})
    again, record = load(path)
    assert record == {"task": "azimuth", "widths": [4, 4, 8]}
    x = toy_set(frames=1).features
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    save(model, path, {"task": "azimuth"})
    assert load(path)[1] == {"task": "azimuth"}


def test_what_is_no_trained_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.keras: no such file; train it"):
        load(tmp_path / "none.keras")
    with pytest.raises(ModelError, match=r"name it a\.keras"):
        load(tmp_path / "a.h5")
    with pytest.raises(ModelError, match=r"name it a\.keras"):
        save(None, tmp_path / "a", {})
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(ModelError, match="not a model that otus train wrote"):
        load(tmp_path / "text.keras")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as file:
        file.writestr("x", "y")
    with pytest.raises(ModelError, match=f"no item named '{RECORD}'"):
        load(tmp_path / "other.keras")
