"""Networks that learn in steps: each is kept, and taken again only where it is the very same."""

from pathlib import Path

import numpy as np
import pytest

from otus.doa import school
from otus.doa.angles import task

from .conftest import toy_set

pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_what_was_trained_in_just_this_way_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = [toy_set(seed=k) for k in range(3)]
    first = school.School(tmp_path, task("azimuth"), sets, 1, "a test", progress=False)
    model, record = first.learned("net", (4, 4, 8), 1, 0.0)
    before = model.get_weights()[0].copy()
    tuned, told = first.tuned("net-aware", model, record, 1)
    assert (told["epochs"], told["quantisation_aware_epochs"]) == (1, 1)
    assert (tuned.get_weights()[0] != before).any()

    trained: list[int] = []
    monkeypatch.setattr(school, "train", lambda *_, **__: trained.append(1))
    again, _ = first.learned("net", (4, 4, 8), 1, 0.0)
    np.testing.assert_array_equal(again.get_weights()[0], before)
    same, _ = first.tuned("net-aware", again, record, 1)
    np.testing.assert_array_equal(same.get_weights()[0], tuned.get_weights()[0])
    assert not trained
    other = school.School(tmp_path, task("azimuth"), sets, 2, "a test", progress=False)
    with pytest.raises(AttributeError):  # what was trained is None here, and cannot be saved
        other.learned("net", (4, 4, 8), 1, 0.0)
    assert trained
