"""Tasks, classes, degrees, and averages on the circle.

Azimuth: class k is centred on k * 10 degrees (or k degrees), and the classes close a circle.
Elevation: classes 0, 10, ..., 90 degrees, which end there. A task says what a network tells: its
classes, how it is trained for them, how its outputs become angles, and how far off these are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DefinitionError, ModelError


@dataclass(frozen=True)
class Classes:
    """How a network's outputs stand for angles: class k is centred on k * step degrees."""

    name: str
    count: int
    step: float
    circular: bool

    def __post_init__(self) -> None:
        if self.circular and abs(self.count * self.step - 360) > 1e-9:
            raise DefinitionError(
                f"{self.name}: {self.count} classes of {self.step:g} degrees do not close a circle"
            )

    @property
    def centres(self) -> NDArray[np.float64]:
        """Centre of each class, degrees [count]."""
        return np.arange(self.count, dtype=np.float64) * self.step

    def of(self, degrees: NDArray[Any] | float) -> NDArray[np.int64]:
        """Class of each angle: the nearest centre (halves go up)."""
        k = np.floor(np.asarray(degrees, dtype=np.float64) / self.step + 0.5).astype(np.int64)
        return k % self.count if self.circular else np.clip(k, 0, self.count - 1)

    def distance(self, a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64]:
        """How many classes lie between classes a and b, the short way round."""
        gap = np.abs(np.asarray(a, dtype=np.int64) - np.asarray(b, dtype=np.int64))
        return np.minimum(gap, self.count - gap) if self.circular else gap

    def error(self, a: NDArray[Any] | float, b: NDArray[Any] | float) -> NDArray[np.float64]:
        """Absolute difference of angles in degrees, the short way round."""
        gap = np.abs(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64))
        return np.minimum(gap % 360, -gap % 360) if self.circular else gap


AZIMUTH = Classes("azimuth", 36, 10.0, circular=True)
DEGREES = Classes("azimuth-360", 360, 1.0, circular=True)
ELEVATION = Classes("elevation", 10, 10.0, circular=False)


@dataclass(frozen=True)
class Task:
    """What a network tells, and everything that depends on it.

    Parameters
        name : what cards and commands call it
        field : the field of a data set that holds the truth, degrees; of the second source it is
            the field with "_2" added
        classes : what the outputs stand for
        soft : width of the targets, degrees: a source between two centres is a little of both
        own : share of a target that is not spread: the source's class has it alone. Without it a
            source midway between two centres, where halves go up, would be either's
        sources : how many sound at the same time, 1 or 2
    """

    name: str
    field: str
    classes: Classes
    soft: float
    own: float
    sources: int = 1

    def truth(self, fields: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        """Look up where the sources of each frame are: degrees [n, sources]; NaN: no such source.

        Parameters
            fields : as a data set holds them, each [n]
        """
        names = [self.field, f"{self.field}_2"][: self.sources]
        return np.stack([np.asarray(fields[name], dtype=np.float64) for name in names], axis=1)

    def fits(self, fields: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Tell which frames hold as many sources as the task is about, at known angles: bool [n].

        Parameters
            fields : as a data set holds them, each [n]
        """
        known = np.isfinite(self.truth(fields))
        if self.sources == 1:
            known &= ~np.isfinite(fields["azimuth_2"])[:, None]
        return np.asarray(known.all(axis=1), dtype=np.bool_)

    def targets(self, degrees: NDArray[Any]) -> NDArray[np.float32]:
        """Spread each angle over the classes around it, and give its own class the rest.

        Parameters
            degrees : [n, sources]
        Returns
            float32 [n, classes], rows sum to 1, and each source has the same share of it
        """
        error = self.classes.error(np.asarray(degrees)[..., None], self.classes.centres)
        weight = np.exp(-0.5 * (error / self.soft) ** 2)
        spread = weight / weight.sum(axis=2, keepdims=True)
        alone = np.eye(self.classes.count)[self.classes.of(degrees)]
        share = self.own * alone + (1 - self.own) * spread
        return np.asarray(share.mean(axis=1), dtype=np.float32)

    def decode(self, probabilities: NDArray[Any]) -> NDArray[np.float64]:
        """Turn outputs [n, classes] into angles: degrees float64 [n, sources].

        Raises
            ModelError: the wrong number of classes
        """
        return self.directions(probabilities)[0]

    def directions(
        self, probabilities: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Turn outputs [n, classes] into angles, and say how sure they are.

        Two sources are the two highest peaks round the circle, the higher one first.

        Returns
            degrees float64 [n, sources]; confidence float64 [n, sources]: of one source the share
            of the probability within 10 degrees, of two the peak's own
        Raises
            ModelError: the wrong number of classes
        """
        if self.sources == 1:
            degrees, confidence = decode(probabilities, self.classes)
            return degrees[:, None], confidence[:, None]
        p = checked(probabilities, self.classes)
        best = peaks(p, self.sources)
        found = [between(p, k, self.classes) for k in best.T]
        return np.stack(found, axis=1), np.minimum(np.take_along_axis(p, best, axis=1), 1.0)

    def match(self, degrees: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
        """Order found angles as the truth they fit best: the order with the least sum of errors.

        Parameters
            degrees, truth : [n, sources]
        Returns
            float64 [n, sources]
        """
        orders = [list(order) for order in permutations(range(self.sources))]
        sums = [self.classes.error(degrees[:, order], truth).sum(axis=1) for order in orders]
        best = np.asarray(orders)[np.argmin(sums, axis=0)]
        return np.take_along_axis(np.asarray(degrees, dtype=np.float64), best, axis=1)


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("azimuth", "azimuth", AZIMUTH, soft=4.0, own=0.5),
        Task("azimuth-360", "azimuth", DEGREES, soft=3.0, own=0.0),
        Task("elevation", "elevation", ELEVATION, soft=4.0, own=0.5),
        Task("two-source", "azimuth", AZIMUTH, soft=4.0, own=0.5, sources=2),
    )
}


def task(name: str) -> Task:
    """Look up a task: azimuth, azimuth-360, elevation or two-source."""
    if name not in TASKS:
        raise DefinitionError(f"task {name!r} is not known; known tasks: {', '.join(TASKS)}")
    return TASKS[name]


def resultant(
    degrees: NDArray[Any], weights: NDArray[Any] | None = None, axis: int = -1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average unit vectors: mean direction in degrees, [0, 360), and length, 0 to 1.

    The shorter the vector, the less the directions agree; opposite ones cancel out, and the mean of
    what has the length 0 is no direction.

    Source: Mardia & Jupp 2000, "Directional Statistics", section 2.2
    """
    phasor = np.exp(1j * np.radians(np.asarray(degrees, dtype=np.float64)))
    weight = np.ones(phasor.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    total = np.sum(phasor * weight, axis=axis)
    mean: NDArray[np.float64] = np.degrees(np.angle(total)) % 360
    length = np.abs(total) / np.maximum(np.sum(weight, axis=axis), 1e-300)
    return np.where(mean >= 360, 0.0, mean), np.asarray(length, dtype=np.float64)


def circular_mean(
    degrees: NDArray[Any], weights: NDArray[Any] | None = None, axis: int = -1
) -> NDArray[np.float64]:
    """Weighted mean direction in degrees, [0, 360); see `resultant` for how much it means."""
    return resultant(degrees, weights, axis)[0]


def decode(
    probabilities: NDArray[Any], classes: Classes
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn probabilities into an angle and a confidence.

    Parameters
        probabilities : float [n, classes], rows need not sum to 1 exactly
    Returns
        degrees float64 [n], around the winning class (the lowest index among equals) as `between`
        interpolates; confidence float64 [n] = share of the probability `near` it
    Raises
        ModelError: the wrong number of classes
    """
    p = checked(probabilities, classes)
    best = p.argmax(axis=1)
    share = near(p, best, classes) / np.maximum(p.sum(axis=1), 1e-12)
    return between(p, best, classes), np.minimum(share, 1.0)


def checked(probabilities: NDArray[Any], classes: Classes) -> NDArray[np.float64]:
    """Refuse outputs that are not [n, classes]."""
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] != classes.count:
        raise ModelError(
            f"{classes.name}: got probabilities of shape {p.shape}, allowed is [n, {classes.count}]"
        )
    return p


def around(
    p: NDArray[np.float64], best: NDArray[np.int64], classes: Classes, degrees: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cut out the classes within some degrees of chosen ones, at least the two neighbours.

    Parameters
        p : [n, classes]
        best : class [n]
    Returns
        float64 [n, 2 h + 1], 0 beyond the ends of classes that end; offsets int64 -h..h
    """
    half = max(1, round(degrees / classes.step))
    offsets = np.arange(-half, half + 1)
    at = best[:, None] + offsets
    values = np.take_along_axis(p, at % classes.count, axis=1)
    if not classes.circular:
        values = np.where((at >= 0) & (at < classes.count), values, 0.0)
    return values, offsets


def near(p: NDArray[np.float64], best: NDArray[np.int64], classes: Classes) -> NDArray[np.float64]:
    """Sum what the classes within 10 degrees of chosen ones have: [n]."""
    return np.asarray(around(p, best, classes, 10.0)[0].sum(axis=1))


def between(
    p: NDArray[np.float64], best: NDArray[np.int64], classes: Classes
) -> NDArray[np.float64]:
    """Find the angle between classes: the vertex of the parabola through their log probabilities.

    Networks learn targets with the shape of a Gauss curve, whose logarithm is a parabola. With
    classes of 10 degrees it goes through the class and its neighbours, and the angle stays in the
    class; with finer classes it is fitted to those within 5 degrees. How much it gains:
    `python -m otus.doa.measure subclass`.

    Parameters
        p : [n, classes]
        best : class [n]
    Returns
        degrees float64 [n]
    """
    values, offsets = around(p, best, classes, 5.0)
    half = int(offsets[-1])
    # An int8 output has steps of 1 / 256; half a step stands for 0.
    height = np.log(np.maximum(values, 1 / 512))
    square = offsets**2 - np.mean(offsets**2)
    slope = height @ offsets / np.sum(offsets**2)
    curve = height @ square / np.sum(square**2)
    # Without a curve down there is no vertex: the class's centre.
    shift = np.where(curve < -1e-9, -slope / (2 * np.minimum(curve, -1e-9)), 0.0)
    degrees = (best + np.clip(shift, 0.501 - half, half - 0.501)) * classes.step
    ends = degrees % 360 if classes.circular else np.clip(degrees, 0.0, classes.centres[-1])
    return np.asarray(ends)


def peaks(p: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Find the highest peaks round the circle, no two of them neighbours: classes [n, count].

    A peak is not lower than its neighbours, and higher than one of them. Where a row has too few
    peaks, the highest of the other classes stand in for them.
    """
    classes = p.shape[1]
    left, right = np.roll(p, 1, axis=1), np.roll(p, -1, axis=1)
    peak = (p >= np.maximum(left, right)) & (p > np.minimum(left, right))
    # Any peak comes before any other class.
    rank = np.where(peak, p - p.min() + 1, (p - p.min()) / (np.ptp(p) + 1))
    found = np.empty((len(p), count), dtype=np.int64)
    for k in range(count):
        found[:, k] = rank.argmax(axis=1)
        around = (found[:, k, None] + np.array([-1, 0, 1])) % classes
        np.put_along_axis(rank, around, -1.0, axis=1)
    return found


def running_mean(
    probabilities: NDArray[Any], frames: int, use: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Average each frame's probabilities with those of the used frames just before it.

    Parameters
        probabilities : float [n, classes]
        frames : how many frames an average spans, this one included
        use : bool [n], frames that hold sound; the others do not count (all, if not given)
    Returns
        float64 [n, classes]; a frame without any used frame in its span keeps its own row
    """
    if frames < 1:
        raise DefinitionError(f"average: got {frames} frames, allowed are integers from 1")
    p = np.asarray(probabilities, dtype=np.float64)
    weight = np.ones(len(p)) if use is None else np.asarray(use, dtype=np.float64)
    padded = np.concatenate([np.zeros((frames, p.shape[1])), p * weight[:, None]]).cumsum(axis=0)
    count = np.concatenate([np.zeros(frames), weight]).cumsum()
    total, used = padded[frames:] - padded[:-frames], count[frames:] - count[:-frames]
    return np.where(used[:, None] > 0, total / np.maximum(used, 1)[:, None], p)
