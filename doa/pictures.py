"""The pictures of docs/gallery.md: room, sound, features, network, probabilities."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import unit_vectors
from .extras import require
from .features import FeatureDefinition, arrivals
from .locate import Segment
from .plot import INK, QUIET, TRUTH
from .rooms import Room

STYLE = {"font.size": 9, "font.family": "DejaVu Sans", "text.color": INK, "axes.labelcolor": INK,
         "xtick.color": INK, "ytick.color": INK, "axes.edgecolor": QUIET,
         "axes.titlesize": 10}  # fmt: skip
BLUE = "#1864ab"
#: Resolution: these pictures illustrate, and stay small.
DPI = 100


@contextmanager
def drawn(path: Path, size: tuple[float, float]) -> Iterator[Any]:
    """Give a figure to draw in, and write it when that is done.

    Raises
        MissingExtraError: matplotlib is not installed
    """
    require("matplotlib", "doa").use("Agg")
    pyplot = require("matplotlib.pyplot", "doa")
    with pyplot.rc_context(STYLE):
        figure = pyplot.figure(figsize=size, dpi=DPI, layout="constrained")
        yield figure
        # No date and no version in the file: the same picture is the same bytes.
        figure.savefig(path, format="png", facecolor="white", metadata={"Software": None})
        pyplot.close(figure)


def room(
    path: Path,
    walls: Room,
    centre: Sequence[float],
    definition: FeatureDefinition,
    speakers: Sequence[tuple[float, float, float]],
) -> None:
    """Draw the room from above, and the array with the numbers of its channels.

    Parameters
        centre : the array's, metres from the room's corner
        speakers : azimuth and elevation in degrees, distance in metres of each
    """
    with drawn(path, (8.6, 4.0)) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        x, y, _ = walls.size
        left.plot([0, x, x, 0, 0], [0, 0, y, y, 0], color=INK, linewidth=2)
        for azimuth, elevation, distance in speakers:
            at = np.asarray(centre) + distance * unit_vectors(azimuth, elevation)
            left.plot([centre[0], at[0]], [centre[1], at[1]], color=QUIET, linewidth=0.8)
            left.plot(*at[:2], "o", color=TRUTH, markersize=8)
            left.annotate(f"{azimuth:.0f}°, {elevation:.0f}° high", at[:2], (6, 6),
                          textcoords="offset points", fontsize=8)  # fmt: skip
        left.plot(*centre[:2], "h", color=BLUE, markersize=11)
        left.set(aspect="equal", xlabel="m", ylabel="m", title="The room from above")
        xyz = 1000 * definition.array.xyz
        right.plot(xyz[:, 0], xyz[:, 1], "o", color=BLUE, markersize=15)
        for number, (at_x, at_y, _) in enumerate(xyz):
            right.text(at_x, at_y, str(number), color="white", ha="center", va="center")
        reach = 1.8 * np.abs(xyz).max()
        for azimuth in (0, 90, 180, 270):
            x, y, _ = 0.88 * reach * unit_vectors(azimuth, 0.0)
            right.text(x, y, f"{azimuth}°", ha="center", va="center")
        right.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach), xlabel="mm",
                  title=f"Channels of {definition.array.name}")  # fmt: skip


def sound(path: Path, frame: NDArray[np.float32], fs: int) -> None:
    """Draw a few milliseconds of every microphone.

    Parameters
        frame : float32 [mics, samples]
    """
    length = int(0.003 * fs)
    # Where it changes fastest the delays are seen best.
    change = np.convolve((np.diff(frame) ** 2).sum(axis=0), np.ones(length), mode="valid")
    at = int(change.argmax())
    part = frame[:, at : at + length]
    with drawn(path, (8.6, 3.2)) as figure:
        axes = figure.subplots()
        for number, wave in enumerate(part):
            axes.plot(1000 * np.arange(length) / fs, wave / np.abs(part).max() - 1.1 * number,
                      color=BLUE, linewidth=1.1)  # fmt: skip
        axes.set_yticks([-1.1 * k for k in range(len(part))], range(len(part)))
        axes.set(xlabel="ms", ylabel="microphone", title="Three milliseconds of one frame")
        axes.spines[["top", "right"]].set_visible(False)


def features(
    path: Path, feature: NDArray[np.float32], definition: FeatureDefinition, truth: Segment
) -> None:
    """Draw one feature, and where a wave from the true direction must peak.

    Parameters
        feature : float32 [lags, pairs]
    """
    arrival = arrivals(unit_vectors(truth.azimuth, truth.elevation)[None], definition)[0]
    lags = [arrival[i] - arrival[j] for i, j in definition.array.pairs]
    half = definition.max_lag
    with drawn(path, (8.6, 3.6)) as figure:
        axes = figure.subplots()
        picture = axes.imshow(feature, origin="lower", aspect="auto", cmap="Blues", vmin=0,
                              extent=(-0.5, len(lags) - 0.5, -half - 0.5, half + 0.5))  # fmt: skip
        axes.plot(range(len(lags)), lags, "o", markerfacecolor="none", markeredgecolor=TRUTH,
                  markersize=11, label=f"lag of a wave from {truth.azimuth:.0f}°")  # fmt: skip
        names = [f"{i}-{j}" for i, j in definition.array.pairs]
        axes.set(xticks=range(len(lags)), xticklabels=names, xlabel="pair of microphones",
                 ylabel="lag (samples)", title="GCC-PHAT of one frame")  # fmt: skip
        axes.legend(loc="upper right", fontsize=8)
        figure.colorbar(picture, ax=axes, label="correlation")


def network(path: Path, layers: Sequence[tuple[str, NDArray[np.int8]]]) -> None:
    """Draw what every layer holds for one frame.

    Parameters
        layers : name and int8 [time, channels] or [channels] of each
    """
    with drawn(path, (8.6, 4.6)) as figure:
        rows = figure.subplots(len(layers), 1, height_ratios=[max(len(np.atleast_2d(v)), 3)
                                                              for _, v in layers])  # fmt: skip
        for axes, (name, values) in zip(rows, layers, strict=True):
            shown = np.atleast_2d(values)
            axes.imshow(shown, aspect="auto", cmap="viridis", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            shape = " x ".join(map(str, values.shape))
            axes.set_ylabel(f"{name}\n{shape}", rotation=0, ha="right", va="center", fontsize=8)


def probabilities(
    path: Path,
    one: NDArray[np.float64],
    angle: float,
    truth: Segment,
    times: NDArray[np.float64],
    rows: NDArray[np.float64],
    segments: Sequence[Segment],
) -> None:
    """Draw one frame's probabilities round the circle, and all frames' with time as the radius.

    Parameters
        one : float64 [classes]; angle : what was made of it, degrees
        times : float64 [n], seconds; rows : float64 [n, classes], 0 where nothing was heard
    """
    step = 2 * np.pi / len(one)
    with drawn(path, (8.6, 4.4)) as figure:
        left, right = (figure.add_subplot(1, 2, k, projection="polar") for k in (1, 2))
        left.bar(step * np.arange(len(one)), one, width=0.9 * step, color=BLUE)
        left.plot([np.radians(angle)] * 2, [0, 1], color=INK, linewidth=1, label="angle")
        left.plot(np.radians(truth.azimuth), 1, "o", markerfacecolor="none", markersize=11,
                  markeredgecolor=TRUTH, label="truth", clip_on=False)  # fmt: skip
        left.set(rlim=(0, 1), rticks=[0.5], title="One frame: probability of every class")
        left.legend(loc="lower left", bbox_to_anchor=(-0.15, -0.1), frameon=False, fontsize=8)
        edges = step * (np.arange(len(one) + 1) - 0.5)
        hop = times[1] - times[0]
        rings = np.append(times - hop / 2, times[-1] + hop / 2)
        right.pcolormesh(edges, rings, rows, cmap="Blues", vmin=0, vmax=1, rasterized=True)
        for segment in segments:
            right.plot([np.radians(segment.azimuth)] * 2, [segment.start, segment.end],
                       color=TRUTH, linewidth=1.5)  # fmt: skip
        right.set(rlim=(0, rings[-1]), title="All frames: from the middle outwards in time, s")
        right.set_rorigin(-0.3 * rings[-1])
        for axes in (left, right):
            axes.grid(color=QUIET, alpha=0.35, linewidth=0.7)
            axes.set_thetagrids(range(0, 360, 45))
