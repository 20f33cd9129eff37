"""The classical methods find plane waves, and refuse what they cannot tell."""

import dataclasses

import numpy as np
import pytest

from otus.doa.angles import AZIMUTH, DEGREES, TASKS, task
from otus.doa.baselines import METHODS, NAMES, delays, directions, find
from otus.doa.dataset import Dataset
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError

from .conftest import toy_set

pytest.importorskip("pyroomacoustics", reason="the extra 'train' is not installed")


def some(dataset: Dataset) -> Dataset:
    """Twelve of its frames, from all around."""
    return dataset.where(np.arange(len(dataset)) % 3 == 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_plane_wave_is_found(name: str) -> None:
    toy = some(toy_set(frames=1))
    found = find(name, toy, task("azimuth"))
    assert found.shape == (12, 1)
    assert np.median(AZIMUTH.error(found[:, 0], toy["azimuth"])) <= 3
    assert AZIMUTH.error(found[:, 0], toy["azimuth"]).max() <= 10


@pytest.mark.parametrize("name", list(METHODS))
def test_two_plane_waves_are_found(name: str) -> None:
    toy, two = some(toy_set(frames=1, sources=2)), task("two-source")
    truth = two.truth(toy.fields)
    found = find(name, toy, two)
    assert found.shape == (12, 2)
    assert np.median(AZIMUTH.error(two.match(found, truth), truth)) <= 10


def test_refusals_say_what_to_do() -> None:
    toy = toy_set(frames=1)
    with pytest.raises(DatasetError, match="holds no audio, only features; make it with otus"):
        find("MUSIC", dataclasses.replace(toy, audio=None), task("azimuth"))
    with pytest.raises(DatasetError, match="GCC-PHAT: tells one source, got 2"):
        find("GCC-PHAT", toy, task("two-source"))


@pytest.mark.parametrize("name", list(TASKS))
def test_every_class_can_be_told(name: str) -> None:
    if TASKS[name].field == "azimuth":
        centres = TASKS[name].classes.centres
        assert set(centres) <= set(directions(TASKS[name]))
        assert len(directions(TASKS[name])) == max(180, len(centres))
    assert len(directions(task("azimuth-360"))) == DEGREES.count


def test_a_silent_microphone_and_an_empty_bin_are_no_delay_that_no_sound_has() -> None:
    frame = np.array(toy_set(frames=1).audio, dtype=np.float64)[7] / 32768
    azimuth = float(toy_set(frames=1)["azimuth"][7])
    frame[2] = 0
    # pyroomacoustics.experimental.tdoa divides by zero here.
    found = delays(UMA8, task("azimuth"))(frame)
    assert AZIMUTH.error(found, azimuth) <= 20
    low = np.round(frame - frame.mean(axis=1, keepdims=True), 2)
    assert np.isfinite(delays(UMA8, task("azimuth"))(low)).all()
