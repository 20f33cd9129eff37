"""Real recordings with known directions, as frames to learn from."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .angles import Task
from .dataset import FIELDS, Dataset
from .errors import DatasetError, RecordingError
from .features import FeatureDefinition, gcc_phat
from .prepare import load

#: Share of real frames where simulated ones are mixed in: they keep what the network knows already.
REAL_SHARE = 0.25


def recorded(
    labels: Mapping[Path, Sequence[float]], task: Task, definition: FeatureDefinition
) -> Dataset:
    """Cut recordings into frames, and keep those that hold sound.

    Parameters
        labels : for each file the directions of its sources, degrees of the task's field
    Returns
        frames whose other fields are not known: NaN, or -1
    Raises
        RecordingError: `prepare` refuses a file, or it has the wrong number of directions, or one
            that is out of range
    """
    features, rows = [], []
    names = [task.field, f"{task.field}_2"][: task.sources]
    for number, (path, degrees) in enumerate(labels.items()):
        if len(degrees) != task.sources:
            raise RecordingError(
                f"{path}: got {len(degrees)} direction(s), the task {task.name} needs "
                f"{task.sources}"
            )
        low, high = (-180.0, 360.0) if task.classes.circular else (0.0, task.classes.centres[-1])
        if not all(low <= angle <= high for angle in degrees):
            raise RecordingError(
                f"{path}: got {task.field} {', '.join(f'{angle:g}' for angle in degrees)} degrees, "
                f"allowed are {low:g} to {high:g}"
            )
        recording = load(path, definition)
        features.append(gcc_phat(recording.frames[recording.heard], definition))
        known = {**dict(zip(names, degrees, strict=True)), "room": number, "clip": number,
                 "source": number}  # fmt: skip
        rows += [known] * int(recording.heard.sum())
    if not features:
        raise DatasetError("fine-tuning: no recordings; give some with their directions")
    fields: dict[str, NDArray[np.generic]] = {}
    for name, kind in FIELDS.items():
        unknown = np.nan if kind.startswith("float") else -1
        fields[name] = np.array([row.get(name, unknown) for row in rows], dtype=kind)
    meta = {"split": "recordings", "features": definition.to_dict()}
    return Dataset(np.concatenate(features), fields, meta)


def mixed(real: Dataset, simulated: Dataset, task: Task, seed: int) -> Dataset:
    """Mix simulated frames into real ones, so that these are REAL_SHARE of all.

    Parameters
        simulated : of the same features; as many of its frames as are wanted, drawn at random
    Raises
        DatasetError: the features differ, or there is no simulated frame of the task
    """
    if real.definition != simulated.definition:
        raise DatasetError(
            "fine-tuning: the simulated frames have other features than the network; make them "
            "with its array and feature definition"
        )
    usable = np.flatnonzero(task.fits(simulated.fields))
    wanted = round(len(real) * (1 / REAL_SHARE - 1))
    if not len(usable):
        raise DatasetError(f"fine-tuning: no simulated frame fits the task {task.name}")
    rng = np.random.default_rng([seed, 5])
    drawn = rng.choice(usable, size=wanted, replace=wanted > len(usable))
    return Dataset(
        np.concatenate([real.features, simulated.features[drawn]]),
        {name: np.concatenate([real[name], simulated[name][drawn]]) for name in FIELDS},
        real.meta,
    )
