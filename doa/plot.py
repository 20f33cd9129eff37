"""The picture of a result: azimuth over time, and the directions seen from above."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .errors import RecordingError
from .extras import require
from .locate import Located, Segment

INK = "#1f2933"
QUIET = "#9aa5b1"
TRUTH = "#e8590c"
COLOURS = "viridis"
#: Smallest marker, and what full confidence adds, points squared.
MARKER = (6, 26)


class Point(NamedTuple):
    """A direction of a frame: seconds, degrees (elevation 0 where it is not known), 0 to 1."""

    time: float
    azimuth: float
    elevation: float
    confidence: float


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
    heard = [
        Point(r.time, d.azimuth, d.elevation or 0.0, d.confidence)
        for r in results
        for d in r.directions
        if d.azimuth is not None
    ]
    if not heard:
        raise RecordingError("nothing to plot: no frame has an azimuth")
    require("matplotlib", "doa").use("Agg")
    pyplot = require("matplotlib.pyplot", "doa")
    style = {"font.size": 10, "font.family": "DejaVu Sans", "text.color": INK,
             "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
             "axes.edgecolor": QUIET, "axes.titlesize": 11}  # fmt: skip
    with pyplot.rc_context(style):
        figure = pyplot.figure(figsize=(12, 5.4), dpi=140)
        over_time(figure.add_axes((0.06, 0.105, 0.56, 0.7)), heard, truth, results[-1].time)
        from_above(figure.add_axes((0.68, 0.1, 0.28, 0.68), projection="polar"), heard, truth)
        figure.text(0.06, 0.92, title, fontsize=15, fontweight="bold")
        figure.savefig(Path(path), format="png", facecolor="white")
        pyplot.close(figure)


def size(confidence: Any) -> Any:
    """Area of a frame's marker, points squared."""
    return MARKER[0] + MARKER[1] * confidence**2


def dots(heard: Sequence[Point]) -> dict[str, Any]:
    """How the frames' markers look."""
    confidence = np.array([r.confidence for r in heard])
    return {
        "s": size(confidence),
        "alpha": 0.2 + 0.75 * confidence,
        "c": [r.time for r in heard],
        "cmap": COLOURS,
        "vmin": 0.0,
        "vmax": heard[-1].time * 1.15,  # the palest yellow is hard to see on white
        "linewidths": 0,
        "zorder": 3,
    }


def over_time(axes: Any, heard: Sequence[Point], truth: Sequence[Segment], end: float) -> None:
    """Draw azimuth over time, with the truth as bands one class wide."""
    for number, segment in enumerate(truth):
        for turn in (-360, 0, 360):
            axes.fill_between(
                [segment.start, segment.end],
                segment.azimuth + turn - 5,
                segment.azimuth + turn + 5,
                color=TRUTH,
                alpha=0.28,
                linewidth=0,
                label="truth ± 5°" if number == 0 and turn == 0 else None,
            )
    axes.scatter([r.time for r in heard], [r.azimuth for r in heard], **dots(heard))
    for confidence in (1.0, 0.5):
        axes.scatter(
            [], [], s=size(confidence), alpha=0.2 + 0.75 * confidence, color=INK,
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


def from_above(axes: Any, heard: Sequence[Point], truth: Sequence[Segment]) -> None:
    """Draw directions as on a map of the sky: the horizon outside, the zenith in the middle.

    Frames without an elevation lie on the horizon.
    """
    azimuth = np.radians([r.azimuth for r in heard])
    height = [90 - r.elevation for r in heard]
    axes.scatter(azimuth, height, clip_on=False, **dots(heard))
    if truth:
        axes.scatter(
            np.radians([s.azimuth for s in truth]), [90 - s.elevation for s in truth],
            s=150, facecolors="none", edgecolors=TRUTH, linewidths=1.8, zorder=4, label="truth",
            clip_on=False,
        )  # fmt: skip
        axes.legend(loc="lower left", bbox_to_anchor=(-0.16, -0.13), frameon=False, fontsize=9)
    axes.set_theta_zero_location("E")
    axes.set_rlim(0, 90)
    axes.set_rgrids([30, 60], ["60°", "30°"], angle=22.5, fontsize=8, color=QUIET)
    axes.set_thetagrids(range(0, 360, 45))
    axes.grid(color=QUIET, alpha=0.35, linewidth=0.7)
    axes.spines["polar"].set_color(QUIET)
    axes.set_title("Seen from above: rings are elevation, colour is time", pad=14)
