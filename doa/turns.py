"""Features in every turn and mirror image of the array, with the angles that go with them.

Training shows each frame in one of them at random; an inference may hear a frame in all turns and
average what it is told: a network is not exactly as right in one turn as in another. Averages need
turns that move centres of classes onto centres; training does not, whose labels come from degrees.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import Classes, Task, checked
from .features import FeatureDefinition
from .litert import Infer
from .symmetry import Symmetry, symmetries


class Turns:
    """The symmetries of an array.

    Parameters
        symmetries : the identity first, then turns, then mirror images
        orders : where each entry of a turned feature was before, int64 [symmetries, lags * pairs]
        aligned : numbers of the turns, not mirror images, that move centres of classes onto centres
    """

    def __init__(self, definition: FeatureDefinition, classes: Classes) -> None:
        self.symmetries: tuple[Symmetry, ...] = symmetries(definition.array)
        self.orders = np.stack([s.order(definition) for s in self.symmetries])
        self.aligned = [
            k
            for k, s in enumerate(self.symmetries)
            if s.sign > 0 and (s.turn % classes.step == 0 or not classes.circular)
        ]

    def __call__(
        self, features: NDArray[np.float32], choice: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Take float32 [n, lags, pairs] and the number of a symmetry each [n]; give it turned."""
        flat = features.reshape(len(features), -1)
        return np.take_along_axis(flat, self.orders[choice], axis=1).reshape(features.shape)

    def azimuth(self, degrees: NDArray[Any], choice: NDArray[np.int64]) -> NDArray[np.float64]:
        """Tell where sources at degrees [n, sources] are after the chosen symmetries."""
        sign = np.array([s.sign for s in self.symmetries])[choice, None]
        turn = np.array([s.turn for s in self.symmetries])[choice, None]
        return np.asarray((sign * degrees.astype(np.float64) + turn) % 360)

    def classes(self, task: Task) -> NDArray[np.int64]:
        """Tell which class each one becomes by every symmetry: [symmetries, classes].

        Where centres do not become centres it is the nearest class, half a class off at most.
        """
        same = np.arange(task.classes.count)
        turned = [task.classes.of(s.azimuth(task.classes.centres)) for s in self.symmetries]
        return np.stack(turned if task.field == "azimuth" else [same] * len(turned))

    def averaged(self, infer: Infer, task: Task) -> Infer:
        """Make an inference hear every frame in all `aligned` turns, and average what it tells.

        Mirror images are left out: in them halves, which go up, would go down.

        Parameters
            infer : called once a turn
        Returns
            the same, slower by the number of turns
        Raises
            ModelError: when it is called, and is told of the wrong number of classes
        """
        turns, classes = self.aligned, self.classes(task)

        def hear(features: NDArray[np.float32]) -> NDArray[Any]:
            total = np.zeros((len(features), task.classes.count))
            for k in turns:
                told = infer(self(features, np.full(len(features), k)))
                total += checked(told, task.classes)[:, classes[k]]
            return total / len(turns)

        return hear
