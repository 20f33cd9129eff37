"""How often the angles are right, with intervals that respect that frames of a room are alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import Classes, decode, task
from .conditions import CONDITIONS
from .dataset import Dataset
from .errors import DatasetError, ModelError
from .litert import Infer
from .speech import KINDS

#: Resamples of the rooms for an interval.
RESAMPLES = 1000


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
    """How right a network is on some frames.

    Parameters
        exact, within_one : percent of frames in the right class, or at most one beside it
        mean_error, median_error : degrees between the decoded angle and the truth
    """

    name: str
    frames: int
    rooms: int
    exact: Estimate
    within_one: Estimate
    mean_error: Estimate
    median_error: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded as a model card holds them."""
        card: dict[str, Any] = {"name": self.name, "frames": self.frames, "rooms": self.rooms}
        for name in ("exact", "within_one", "mean_error", "median_error"):
            e: Estimate = getattr(self, name)
            card[name] = [round(v, 2) for v in (e.value, e.low, e.high)]
        return card


def score(
    probabilities: NDArray[Any],
    truth: NDArray[Any],
    rooms: NDArray[Any],
    classes: Classes,
    name: str = "",
    *,
    seed: int = 0,
) -> Score:
    """Compare with the truth; the intervals come from drawing the rooms again with replacement.

    Parameters
        probabilities : [n, classes]
        truth : degrees [n]
        rooms : number of each frame's room [n]
    Source: Davison & Hinkley 1997, "Bootstrap Methods and their Application", section 3.8
    """
    if not len(truth):
        raise DatasetError(f"{name or 'evaluation'}: no frames to score")
    degrees, _ = decode(probabilities, classes)
    gap = classes.distance(np.asarray(probabilities).argmax(axis=1), classes.of(truth))
    error = classes.error(degrees, truth)
    members = [np.flatnonzero(rooms == room) for room in np.unique(rooms)]
    sums = np.array([[len(m), (gap[m] == 0).sum(), (gap[m] <= 1).sum(), error[m].sum()]
                     for m in members])  # fmt: skip
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(members), size=(RESAMPLES, len(members)))
    totals = sums[draws].sum(axis=1)
    medians = [np.median(error[np.concatenate([members[k] for k in draw])]) for draw in draws]

    def estimate(value: float, resampled: NDArray[Any]) -> Estimate:
        low, high = np.percentile(resampled, [2.5, 97.5])
        return Estimate(float(value), float(low), float(high))

    ratios = totals[:, 1:] / totals[:, :1] * np.array([100, 100, 1])
    whole = sums.sum(axis=0)
    values = whole[1:] / whole[0] * np.array([100, 100, 1])
    exact, within_one, mean_error = (estimate(values[k], ratios[:, k]) for k in range(3))
    median_error = estimate(float(np.median(error)), np.asarray(medians))
    return Score(name, len(truth), len(members), exact, within_one, mean_error, median_error)


def evaluate(infer: Infer, dataset: Dataset, task_name: str = "azimuth") -> list[Score]:
    """Score a network on a data set: each condition as a whole, then by source and elevation.

    Parameters
        infer : float32 [n, lags, pairs] -> probabilities [n, classes]
        task_name : azimuth or elevation
    Returns
        scores whose names say which frames: "easy", "easy, speech", "easy, elevation 0 to 30", ...
    Raises
        ModelError: the callable's outputs do not fit the task
    """
    classes = task(task_name)
    probabilities = np.asarray(infer(dataset.features))
    if probabilities.shape != (len(dataset), classes.count):
        raise ModelError(
            f"{task_name}: got outputs of shape {probabilities.shape}, allowed is "
            f"({len(dataset)}, {classes.count}); is it a model for another task?"
        )
    scores = []
    for number, condition in enumerate(CONDITIONS):
        inside = dataset["condition"] == number
        groups = [(condition, inside)]
        groups += [
            (f"{condition}, {kind}", inside & (dataset["kind"] == k))
            for k, kind in enumerate(KINDS)
        ]
        groups += [
            (
                f"{condition}, elevation {low} to {low + 30}",
                inside & (dataset["elevation"] >= low) & (dataset["elevation"] < low + 30),
            )
            for low in (0, 30, 60)
        ]
        scores += [
            score(
                probabilities[mask], dataset[task_name][mask], dataset["room"][mask], classes, name
            )
            for name, mask in groups
            if mask.any()
        ]
    return scores


def table(scores: Sequence[Score]) -> str:
    """Lay scores out as a Markdown table."""
    head = (
        "| frames of | frames | rooms | exact class % | within one % | mean error | median error |"
    )
    rows = [
        f"| {s.name} | {s.frames} | {s.rooms} | {s.exact} | {s.within_one} | {s.mean_error} | "
        f"{s.median_error} |"
        for s in scores
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows])
