"""The classical methods find plane waves, and refuse what they cannot tell."""

import dataclasses

import numpy as np
import pytest

from otus.doa.angles import AZIMUTH, task
from otus.doa.baselines import METHODS, NAMES, find
from otus.doa.dataset import Dataset
from otus.doa.errors import DatasetError

from .conftest import toy_set

pytest.importorskip("pyroomacoustics", reason="the extra 'train' is not installed")


def some(dataset: Dataset) -> Dataset:
    """Twelve of its frames, from all around."""
    return dataset.where(np.arange(len(dataset)) % 3 == 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_plane_wave_is_found(name: str) -> None:
    toy = some(toy_set(frames=1))
    found = find(name, toy)
    assert found.shape == (12, 1)
    # Sources up to 40 degrees high are looked for in the plane of the array.
    assert np.median(AZIMUTH.error(found[:, 0], toy["azimuth"])) <= 5
    assert AZIMUTH.error(found[:, 0], toy["azimuth"]).max() <= 20


@pytest.mark.parametrize("name", list(METHODS))
def test_two_plane_waves_are_found(name: str) -> None:
    toy, two = some(toy_set(frames=1, sources=2)), task("two-source")
    truth = two.truth(toy.fields)
    found = find(name, toy, 2)
    assert found.shape == (12, 2)
    assert np.median(AZIMUTH.error(two.match(found, truth), truth)) <= 10


def test_refusals_say_what_to_do() -> None:
    toy = toy_set(frames=1)
    with pytest.raises(DatasetError, match="holds no audio, only features; make it with otus"):
        find("MUSIC", dataclasses.replace(toy, audio=None))
    with pytest.raises(DatasetError, match="GCC-PHAT: tells one source, got 2"):
        find("GCC-PHAT", toy, 2)
