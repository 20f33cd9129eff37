"""Classes, degrees, and averages on the circle.

Azimuth: class k is centred on k * 10 degrees, and the classes close a circle. Elevation: classes 0,
10, ..., 90 degrees, which end there.
"""

from dataclasses import dataclass
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
ELEVATION = Classes("elevation", 10, 10.0, circular=False)
TASKS: dict[str, Classes] = {task.name: task for task in (AZIMUTH, ELEVATION)}


def task(name: str) -> Classes:
    """Look up the classes of a task: azimuth or elevation."""
    if name not in TASKS:
        raise DefinitionError(f"task {name!r} is not known; known tasks: {', '.join(TASKS)}")
    return TASKS[name]


def circular_mean(
    degrees: NDArray[Any], weights: NDArray[Any] | None = None, axis: int = -1
) -> NDArray[np.float64]:
    """Weighted mean direction in degrees, [0, 360).

    Source: Mardia & Jupp 2000, "Directional Statistics", section 2.2
    """
    phasor = np.exp(1j * np.radians(np.asarray(degrees, dtype=np.float64)))
    total = np.sum(phasor if weights is None else phasor * weights, axis=axis)
    mean: NDArray[np.float64] = np.degrees(np.angle(total)) % 360
    return np.where(mean >= 360, 0.0, mean)


def decode(
    probabilities: NDArray[Any], classes: Classes
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn probabilities into an angle and a confidence.

    The winning class (the lowest index among equals) and its two neighbours vote by their
    probability, so that the angle lies between centres; it never leaves the winning class.

    Parameters
        probabilities : float [n, classes], rows need not sum to 1 exactly
    Returns
        degrees float64 [n]; confidence float64 [n] = the three classes' share of the probability
    Raises
        ModelError: the wrong number of classes
    """
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] != classes.count:
        raise ModelError(
            f"{classes.name}: got probabilities of shape {p.shape}, allowed is [n, {classes.count}]"
        )
    best = p.argmax(axis=1)
    offsets = np.array([-1, 0, 1])
    around = best[:, None] + offsets
    inside = np.ones_like(around, dtype=np.bool_)
    if not classes.circular:
        inside = (around >= 0) & (around < classes.count)
    votes = np.where(inside, np.take_along_axis(p, around % classes.count, axis=1), 0.0)
    mass = np.maximum(votes.sum(axis=1), 1e-12)
    shift = np.clip((votes @ offsets) / mass, -0.499, 0.499)
    degrees = (best + shift) * classes.step
    degrees = degrees % 360 if classes.circular else np.clip(degrees, 0.0, classes.centres[-1])
    return degrees, np.minimum(mass / np.maximum(p.sum(axis=1), 1e-12), 1.0)


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
