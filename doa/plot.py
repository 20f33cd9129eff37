"""The picture of a result: azimuth over time, and the directions seen from above."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import RecordingError
from .extras import require
from .locate import Located, Segment

INK = "#1f2933"
QUIET = "#9aa5b1"
TRUTH = "#f0b429"
COLOURS = "viridis"


def plot(
    results: Sequence[Located],
    path: str | Path,
    *,
    truth: Sequence[Segment] = (),
    title: str = "Where the sound came from",
) -> None:
    """Write a picture: points are frames, larger and stronger the more confident, coloured by time.

    Parameters
        results : what `locate` returned
        path : the .png file to write
        truth : the known directions, if there are any
    Raises
        RecordingError: no result has a direction
        MissingExtraError: matplotlib is not installed
    """
    heard = [r for r in results if r.azimuth is not None]
    if not heard:
        raise RecordingError("nothing to plot: no frame has a direction")
    require("matplotlib", "doa").use("Agg")
    pyplot = require("matplotlib.pyplot", "doa")
    style = {"font.size": 10, "font.family": "DejaVu Sans", "text.color": INK,
             "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
             "axes.edgecolor": QUIET, "axes.titlesize": 11}  # fmt: skip
    with pyplot.rc_context(style):
        figure = pyplot.figure(figsize=(12, 5.2), dpi=140, layout="constrained")
        grid = figure.add_gridspec(1, 2, width_ratios=(1.75, 1))
        over_time(figure.add_subplot(grid[0]), heard, truth, results[-1].time)
        from_above(figure.add_subplot(grid[1], projection="polar"), heard, truth)
        figure.suptitle(title, fontsize=14, fontweight="bold", x=0.012, ha="left")
        figure.savefig(Path(path), facecolor="white")
        pyplot.close(figure)


def dots(heard: Sequence[Located]) -> dict[str, Any]:
    """How the frames' markers look."""
    confidence = np.array([r.confidence for r in heard])
    return {
        "s": 8 + 46 * confidence**2,
        "alpha": 0.25 + 0.7 * confidence,
        "c": [r.time for r in heard],
        "cmap": COLOURS,
        "linewidths": 0,
        "zorder": 3,
    }


def over_time(axes: Any, heard: Sequence[Located], truth: Sequence[Segment], end: float) -> None:
    """Draw azimuth over time, with the truth as bands one class wide."""
    for number, segment in enumerate(truth):
        for turn in (-360, 0, 360):
            axes.fill_between(
                [segment.start, segment.end],
                segment.azimuth + turn - 5,
                segment.azimuth + turn + 5,
                color=TRUTH,
                alpha=0.45,
                linewidth=0,
                label="truth ± 5°" if number == 0 and turn == 0 else None,
            )
    axes.scatter([r.time for r in heard], [r.azimuth for r in heard], **dots(heard))
    for confidence in (1.0, 0.5):
        axes.scatter(
            [], [], s=8 + 46 * confidence**2, alpha=0.25 + 0.7 * confidence, color=INK,
            linewidths=0, label=f"frame, confidence {confidence:.1f}",
        )  # fmt: skip
    axes.set(
        xlim=(0, end), ylim=(-6, 366), xlabel="time (s)", ylabel="azimuth (degrees)",
        yticks=range(0, 361, 45),
    )  # fmt: skip
    axes.set_title("Azimuth over time", loc="left")
    axes.grid(color=QUIET, alpha=0.25, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, borderaxespad=0.2,
        handletextpad=0.4, columnspacing=1.2, fontsize=9,
    )  # fmt: skip


def from_above(axes: Any, heard: Sequence[Located], truth: Sequence[Segment]) -> None:
    """Draw directions as on a map of the sky: the horizon outside, the zenith in the middle.

    Frames without an elevation lie on the horizon.
    """
    azimuth = np.radians([r.azimuth for r in heard if r.azimuth is not None])
    height = [90 - (r.elevation or 0.0) for r in heard]
    axes.scatter(azimuth, height, clip_on=False, **dots(heard))
    if truth:
        axes.scatter(
            np.radians([s.azimuth for s in truth]), [90 - s.elevation for s in truth],
            s=190, facecolors="none", edgecolors=TRUTH, linewidths=2.4, zorder=4, label="truth",
            clip_on=False,
        )  # fmt: skip
        axes.legend(loc="lower left", bbox_to_anchor=(-0.12, -0.12), frameon=False, fontsize=9)
    axes.set_theta_zero_location("E")
    axes.set_rlim(0, 92)
    axes.set_rgrids([30, 60, 90], ["60°", "30°", ""], angle=22.5, fontsize=8, color=QUIET)
    axes.set_thetagrids(range(0, 360, 45))
    axes.grid(color=QUIET, alpha=0.35, linewidth=0.7)
    axes.spines["polar"].set_color(QUIET)
    axes.set_title("Seen from above (rings: elevation)", loc="left", pad=16)
