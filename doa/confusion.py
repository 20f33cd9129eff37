"""The picture of an evaluation: what is taken for what, how far off each method is, and where."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import Task
from .dataset import Dataset
from .evaluate import BANDS, bands, scored
from .extras import require
from .plot import INK, QUIET

#: Colours of the methods, first to last.
LINES = ("#1864ab", "#74c0fc", "#e8590c", "#2b8a3e", "#9c36b5", "#868e96")
#: By what the lower row of the picture tells the frames apart.
PANELS = ("snr", "rt60", "distance")


def confusion(degrees: NDArray[Any], truth: NDArray[Any], task: Task) -> NDArray[np.float64]:
    """Count what is taken for what.

    Parameters
        degrees, truth : [n, sources], matched
    Returns
        float64 [true class, found class]: shares of each true class, rows sum to 1 or are 0
    """
    count = task.classes.count
    counted = np.zeros((count, count))
    np.add.at(counted, (task.classes.of(truth), task.classes.of(degrees)), 1)
    shares: NDArray[np.float64] = counted / np.maximum(counted.sum(axis=1, keepdims=True), 1)
    return shares


def plot(
    found: Mapping[str, NDArray[Any]],
    dataset: Dataset,
    task: Task,
    path: str | Path,
    *,
    beside: Mapping[str, NDArray[Any]] | None = None,
    some: Dataset | None = None,
    title: str = "",
) -> None:
    """Write a picture: what is taken for what; how far off, and where, every method is.

    Parameters
        found : the angles [n, sources] of the model itself in the data set's frames; the first
            entry's confusion matrix is drawn
        path : the .png file to write
        beside : the angles that every method found in the frames of `some`; `found`, if not given
        some : frames of the data set that all methods were given; all, if not given
    Raises
        MissingExtraError: matplotlib is not installed
    """
    require("matplotlib", "doa").use("Agg")
    pyplot = require("matplotlib.pyplot", "doa")
    beside, some = beside or found, dataset if some is None else some
    style = {"font.size": 10, "font.family": "DejaVu Sans", "text.color": INK,
             "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
             "axes.edgecolor": QUIET, "axes.titlesize": 11}  # fmt: skip
    with pyplot.rc_context(style):
        figure = pyplot.figure(figsize=(12, 9.4), dpi=140, layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=(5.4, 4.0))
        left, right = above.subplots(1, 2)
        matrix(left, found, dataset, task)
        curves(right, beside, some, task)
        for axes, field in zip(below.subplots(1, 3, sharey=True), PANELS, strict=True):
            banded(axes, beside, some, task, field)
        figure.suptitle(title, fontsize=15, fontweight="bold", x=0.02, ha="left")
        figure.savefig(Path(path), format="png", facecolor="white")
        pyplot.close(figure)


def matrix(axes: Any, found: Mapping[str, NDArray[Any]], dataset: Dataset, task: Task) -> None:
    """Draw what the first method takes for what."""
    first, degrees = next(iter(found.items()))
    truth = task.truth(dataset.fields)
    shares = confusion(task.match(np.asarray(degrees), truth), truth, task)
    centres, step = task.classes.centres, task.classes.step
    edges = (centres[0] - step / 2, centres[-1] + step / 2)
    picture = axes.imshow(100 * shares.T, origin="lower", cmap="Blues", vmin=0, vmax=100,
                          extent=(*edges, *edges), interpolation="nearest")  # fmt: skip
    axes.figure.colorbar(picture, ax=axes, label="% of the true class", shrink=0.8)
    axes.set(xlabel=f"true {task.field} (°)", ylabel=f"found {task.field} (°)",
             title=f"{first}: what is taken for what, {len(dataset)} frames")  # fmt: skip


def curves(axes: Any, found: Mapping[str, NDArray[Any]], dataset: Dataset, task: Task) -> None:
    """Draw which share of the sources each method finds within how many degrees."""
    truth = task.truth(dataset.fields)
    for (name, degrees), colour in zip(found.items(), LINES, strict=False):
        matched = task.match(np.asarray(degrees), truth)
        errors = np.sort(task.classes.error(matched, truth), axis=None)
        share = 100 * np.arange(1, len(errors) + 1) / len(errors)
        axes.plot(errors, share, label=name, color=colour, linewidth=1.8)
    axes.set(xlim=(0, 45), ylim=(0, 100), xlabel="error up to (°)", ylabel="% of the sources",
             title=f"How far off, {len(dataset)} frames")  # fmt: skip
    axes.grid(color=QUIET, alpha=0.35, linewidth=0.7)
    axes.legend(loc="lower right", frameon=False)


def banded(
    axes: Any, found: Mapping[str, NDArray[Any]], dataset: Dataset, task: Task, field: str
) -> None:
    """Draw how often each method is right in each band of a field, with 95 % intervals."""
    label, bounds, unit = BANDS[field]
    names = [name for name, _ in bands(dataset, field)]
    for k, ((name, degrees), colour) in enumerate(zip(found.items(), LINES, strict=False)):
        scores = scored(degrees, dataset, task, bands(dataset, field))
        exact = [s.exact for s in scores]
        # Side by side, so that no interval hides another.
        at = [names.index(s.name) + 0.09 * (k - (len(found) - 1) / 2) for s in scores]
        reach = [[e.value - e.low for e in exact], [e.high - e.value for e in exact]]
        axes.errorbar(
            at, [e.value for e in exact], np.maximum(reach, 0), color=colour, label=name,
            marker="o", markersize=4, linewidth=1.2, elinewidth=1.2, capsize=2,
        )  # fmt: skip
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(0, 100), xlabel=f"{label} ({unit.strip()})",
             title=f"By {label}, 95 % intervals")  # fmt: skip
    axes.set_xticks(range(len(names)), [f"{a:g} to {b:g}" for a, b in pairwise(bounds)])
    if field == PANELS[0]:
        axes.set_ylabel("exact class, % of the sources")
    axes.grid(color=QUIET, alpha=0.35, linewidth=0.7, axis="y")
