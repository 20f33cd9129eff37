"""The picture of an evaluation: what is taken for what, and how far off each method is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import Task
from .dataset import Dataset
from .extras import require
from .plot import INK, QUIET

#: Colours of the methods, first to last.
LINES = ("#1864ab", "#74c0fc", "#e8590c", "#2b8a3e", "#9c36b5", "#868e96")


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
    title: str = "",
) -> None:
    """Write a picture: the first method's confusion matrix, every method's curve of errors.

    Parameters
        found : the angles [n, sources] that each method found in the data set's frames
        path : the .png file to write
    Raises
        MissingExtraError: matplotlib is not installed
    """
    require("matplotlib", "doa").use("Agg")
    pyplot = require("matplotlib.pyplot", "doa")
    truth, first = task.truth(dataset.fields), next(iter(found))
    matched = {name: task.match(np.asarray(d), truth) for name, d in found.items()}
    style = {"font.size": 10, "font.family": "DejaVu Sans", "text.color": INK,
             "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
             "axes.edgecolor": QUIET, "axes.titlesize": 11}  # fmt: skip
    with pyplot.rc_context(style):
        figure, (left, right) = pyplot.subplots(
            1, 2, figsize=(12, 5.4), dpi=140, layout="constrained"
        )
        centres, step = task.classes.centres, task.classes.step
        edges = (centres[0] - step / 2, centres[-1] + step / 2)
        shares = confusion(matched[first], truth, task)
        picture = left.imshow(100 * shares.T, origin="lower", cmap="Blues", vmin=0, vmax=100,
                              extent=(*edges, *edges), interpolation="nearest")  # fmt: skip
        figure.colorbar(picture, ax=left, label="% of the true class", shrink=0.8)
        left.set(xlabel=f"true {task.field} (°)", ylabel=f"found {task.field} (°)",
                 title=f"{first}: what is taken for what")  # fmt: skip
        for (name, degrees), colour in zip(matched.items(), LINES, strict=False):
            errors = np.sort(task.classes.error(degrees, truth), axis=None)
            share = 100 * np.arange(1, len(errors) + 1) / len(errors)
            right.plot(errors, share, label=name, color=colour, linewidth=1.8)
        right.set(xlim=(0, 45), ylim=(0, 100), xlabel="error up to (°)", ylabel="% of the sources",
                  title=f"How far off, {len(dataset)} frames")  # fmt: skip
        right.grid(color=QUIET, alpha=0.35, linewidth=0.7)
        right.legend(loc="lower right", frameon=False)
        figure.suptitle(title, fontsize=15, fontweight="bold", x=0.02, ha="left")
        figure.savefig(Path(path), format="png", facecolor="white")
        pyplot.close(figure)
