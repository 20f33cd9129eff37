"""How often the angles are right, with intervals that respect that frames are alike.

Frames of one room are alike, and so are frames of one utterance, which sounds in several rooms.
Intervals therefore come from drawing rooms and source material again, both at the same time.

Source: Owen 2007, "The pigeonhole bootstrap"; Davison & Hinkley 1997, "Bootstrap Methods and their
Application", section 3.8.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import Classes, Task, running_mean
from .conditions import CONDITIONS
from .dataset import Dataset
from .errors import DatasetError, ModelError
from .litert import Infer
from .speech import KINDS
from .turns import Turns

#: Resamples for an interval.
RESAMPLES = 1000
#: An error above this many degrees is a gross one: another direction, not an inexact one.
GROSS = 20.0
#: Bounds of the bands by which frames are told apart, and their unit.
BANDS = {
    "snr": ("SNR", (0, 10, 20, 30), " dB"),
    "rt60": ("RT60", (0.2, 0.4, 0.6, 0.8), " s"),
    "distance": ("distance", (0.5, 1, 2, 3), " m"),
    "elevation": ("elevation", (0, 30, 60, 90), ""),
}
FIGURES = ("exact", "within_one", "gross", "mean_error", "median_error")


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1f} ({self.low:.1f} to {self.high:.1f})"


@dataclass(frozen=True)
class Score:
    """How right the angles of some frames are; where two sources sound, each counts once.

    Parameters
        frames, rooms : how many there are
        exact, within_one : percent in the right class, or at most one beside it
        gross : percent more than GROSS degrees off
        mean_error, median_error : degrees
    """

    name: str
    frames: int
    rooms: int
    exact: Estimate
    within_one: Estimate
    gross: Estimate
    mean_error: Estimate
    median_error: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded as a model card holds them."""
        card: dict[str, Any] = {"name": self.name, "frames": self.frames, "rooms": self.rooms}
        for name in FIGURES:
            e: Estimate = getattr(self, name)
            card[name] = [round(v, 2) for v in (e.value, e.low, e.high)]
        return card


def score(
    degrees: NDArray[Any],
    truth: NDArray[Any],
    rooms: NDArray[Any],
    material: NDArray[Any],
    classes: Classes,
    name: str = "",
    *,
    seed: int = 0,
) -> Score:
    """Compare angles with the truth.

    Parameters
        degrees, truth : [n, sources], matched
        rooms : number of each frame's room [n]
        material : number of what each source plays [n, sources]
    Raises
        DatasetError: no frames
    """
    if not len(truth):
        raise DatasetError(f"{name or 'evaluation'}: no frames to score")
    error = classes.error(degrees, truth).ravel()
    pairs, unit = clusters(rooms, material)
    sums = total(hits(degrees, truth, classes), unit)
    order = np.argsort(error)
    ranked, owner = error[order], unit[order]

    def figures(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = weight @ sums
        share = whole[1:] / whole[0] * np.array([100, 100, 100, 1])
        reached = np.cumsum(weight[owner])
        # Of an even number of errors the median is between the middle two.
        middle = np.searchsorted(reached, [reached[-1] / 2, np.nextafter(reached[-1] / 2, np.inf)])
        return np.append(share, ranked[middle].mean())

    estimates = estimate(figures, pairs, seed)
    return Score(name, len(truth), len(np.unique(rooms)), *estimates)


def hits(degrees: NDArray[Any], truth: NDArray[Any], classes: Classes) -> NDArray[np.float64]:
    """Compare matched angles, each for itself: 1, exact, within one, gross, error in its columns.

    Returns
        float64 [n * sources, 5]
    """
    gap = classes.distance(classes.of(degrees), classes.of(truth)).ravel()
    error = classes.error(degrees, truth).ravel()
    return np.stack([np.ones_like(error), gap == 0, gap <= 1, error > GROSS, error], axis=1)


def clusters(rooms: NDArray[Any], material: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Find what always comes together: one room and one material.

    Parameters
        rooms : [n]
        material : [n, sources]
    Returns
        the pairs of room and material [2, pairs]; which of them each source is of [n * sources]
    """
    both = np.stack([np.repeat(rooms, material.shape[1]), material.ravel()])
    pairs, unit = np.unique(both, axis=1, return_inverse=True)
    return pairs, unit


def total(columns: NDArray[np.float64], unit: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum rows up by their unit: [n, k] -> float64 [units, k]."""
    return np.stack([np.bincount(unit, column) for column in columns.T], axis=1)


def estimate(
    figures: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    pairs: NDArray[Any],
    seed: int = 0,
) -> list[Estimate]:
    """Compute figures and their intervals.

    Parameters
        figures : how often each pair counts, float64 [pairs] -> the figures [k]
        pairs : as `clusters` found them
    """
    drawn = resamples(pairs, np.random.default_rng(seed))
    found = [figures(weight) for weight in drawn if weight.any()]
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    values = figures(np.ones(pairs.shape[1]))
    return [Estimate(*map(float, e)) for e in zip(values, low, high, strict=True)]


def lead(
    ours: NDArray[Any], theirs: NDArray[Any], dataset: Dataset, task: Task
) -> tuple[Estimate, Estimate]:
    """Tell by how many points one method is ahead of another on the same frames.

    Parameters
        ours, theirs : degrees [n, sources]
    Returns
        points of exact class; of within one
    """
    truth, material = task.truth(dataset.fields), played(dataset, task)
    first, second = (
        hits(task.match(np.asarray(found), truth), truth, task.classes) for found in (ours, theirs)
    )
    pairs, unit = clusters(dataset["room"], material)
    sums = total(np.column_stack([first[:, 0], (first - second)[:, 1:3]]), unit)

    def points(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = weight @ sums
        return np.asarray(100 * whole[1:] / whole[0])

    exact, within_one = estimate(points, pairs)
    return exact, within_one


def played(dataset: Dataset, task: Task) -> NDArray[Any]:
    """Number of what each of the task's sources plays: [n, sources]."""
    names = ("source", "source_2")[: task.sources]
    return np.stack([dataset[name] for name in names], axis=1)


def resamples(pairs: NDArray[Any], rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """Draw rooms and material with replacement: how often each pair of them comes, float64 [pairs].

    Parameters
        pairs : [2, pairs], room and material
    """
    members = [np.unique(row, return_inverse=True) for row in pairs]
    for _ in range(RESAMPLES):
        weight = np.ones(pairs.shape[1])
        for names, index in members:
            drawn = rng.integers(len(names), size=len(names))
            weight *= np.bincount(drawn, minlength=len(names))[index]
        yield weight


def hear(
    infer: Infer, dataset: Dataset, task: Task, average: int = 1, *, turns: bool = False
) -> NDArray[np.float64]:
    """Let a network tell the angles of a data set's frames.

    Parameters
        infer : float32 [n, lags, pairs] -> probabilities [n, classes]
        average : how many frames of a clip, up to this one, share their probabilities
        turns : whether every frame is heard in all turns of the array
    Returns
        degrees float64 [n, sources]
    Raises
        ModelError: the callable's outputs do not fit the task
    """
    if turns:
        infer = Turns(dataset.definition, task.classes).averaged(infer, task)
    probabilities = np.array(infer(dataset.features), dtype=np.float64)
    if probabilities.shape != (len(dataset), task.classes.count):
        raise ModelError(
            f"{task.name}: got outputs of shape {probabilities.shape}, allowed is "
            f"({len(dataset)}, {task.classes.count}); is it a model for another task?"
        )
    for clip in np.unique(dataset["clip"]) if average > 1 else ():
        rows = dataset["clip"] == clip
        probabilities[rows] = running_mean(probabilities[rows], average)
    return task.decode(probabilities)


def spread(count: int, wanted: int) -> NDArray[np.bool_]:
    """Pick at most `wanted` of `count` frames, evenly: bool [count]."""
    mask = np.zeros(count, dtype=np.bool_)
    mask[np.linspace(0, count - 1, min(count, wanted)).astype(np.int64)] = True
    return mask


def bands(dataset: Dataset, field: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name the bands of a field, and tell which frames are in each, whatever their condition.

    Parameters
        field : one of BANDS
    Returns
        "SNR 0 to 10 dB", ... and bool [n]
    """
    label, bounds, unit = BANDS[field]
    for low, high in pairwise(bounds):
        last = dataset[field] <= high if high == bounds[-1] else dataset[field] < high
        yield f"{label} {low:g} to {high:g}{unit}", (dataset[field] >= low) & last


def groups(dataset: Dataset) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name groups of frames: each condition as a whole, then its kinds of sound and its bands.

    Returns
        "hard", "hard, speech", "hard, SNR 0 to 10 dB", ... and which frames they are, bool [n]
    """
    for number, condition in enumerate(CONDITIONS):
        inside = dataset["condition"] == number
        yield condition, inside
        for k, kind in enumerate(KINDS):
            yield f"{condition}, {kind}", inside & (dataset["kind"] == k)
        for field in BANDS:
            for name, band in bands(dataset, field):
                yield f"{condition}, {name}", inside & band


def evaluate(degrees: NDArray[Any], dataset: Dataset, task: Task) -> list[Score]:
    """Score the angles that a method found in a data set's frames, group by group.

    Parameters
        degrees : [n, sources], what `hear` or a classical method gave
    Raises
        DatasetError: the data set holds no frame of the task
    """
    if not task.fits(dataset.fields).any():
        raise DatasetError(
            f"data set: no frame with the {task.sources} known source(s) of the task {task.name}"
        )
    return scored(degrees, dataset, task, groups(dataset))


def by_band(degrees: NDArray[Any], dataset: Dataset, task: Task) -> dict[str, list[Score]]:
    """Score the angles that a method found by SNR, RT60, distance and elevation.

    Parameters
        degrees : [n, sources]
    Returns
        for each of BANDS the bands that hold frames, those of all conditions together
    """
    return {field: scored(degrees, dataset, task, bands(dataset, field)) for field in BANDS}


def scored(
    degrees: NDArray[Any],
    dataset: Dataset,
    task: Task,
    named: Iterable[tuple[str, NDArray[np.bool_]]],
) -> list[Score]:
    """Score each group that holds frames of the task.

    Parameters
        degrees : [n, sources]
        named : groups: a name, and which frames they are, bool [n]
    """
    truth, fits = task.truth(dataset.fields), task.fits(dataset.fields)
    found = task.match(np.asarray(degrees), truth)
    material = played(dataset, task)
    scores = []
    for name, inside in named:
        mask = inside & fits
        if mask.any():
            part = found[mask], truth[mask], dataset["room"][mask], material[mask]
            scores.append(score(*part, task.classes, name))
    return scores


def table(scores: Sequence[Score]) -> str:
    """Lay scores out as a Markdown table."""
    head = (
        "| frames of | frames | rooms | exact class % | within one % | gross errors % | mean error "
        "| median error |"
    )
    rows = [
        f"| {s.name} | {s.frames} | {s.rooms} | "
        + " | ".join(str(getattr(s, figure)) for figure in FIGURES)
        + " |"
        for s in scores
    ]
    return "\n".join([head, "|---" * 8 + "|", *rows])
