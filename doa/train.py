"""Training on simulated frames, or on real recordings, with the array's symmetries.

Source: Kingma & Ba 2015, "Adam"; Loshchilov & Hutter 2017, "SGDR" (the rate's half cosine).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import TASKS, Classes, Task
from .dataset import Dataset
from .errors import DatasetError, ModelError
from .features import FeatureDefinition
from .network import REFERENCE, Widths, keras, network
from .progress import track
from .symmetry import Symmetry, symmetries

#: Learning rate at the start; it falls to 0 along half a cosine.
LEARNING_RATE = 2e-3
#: The same for a network that has learned already.
FINE_RATE = 2e-4


class Augmentation:
    """Replace each frame by a random symmetry of the array, and its azimuths with it."""

    def __init__(self, definition: FeatureDefinition, classes: Classes) -> None:
        # A symmetry that moves class centres off the centres would need other labels.
        kept = [s for s in symmetries(definition.array) if s.turn % classes.step == 0]
        self.symmetries: list[Symmetry] = kept
        self.orders = np.stack([s.order(definition) for s in kept])

    def __call__(
        self, features: NDArray[np.float32], azimuth: NDArray[Any], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Take float32 [n, lags, pairs] and degrees [n, sources]; give those of turned sources."""
        choice = rng.integers(len(self.symmetries), size=len(features))
        flat = features.reshape(len(features), -1)
        turned = np.take_along_axis(flat, self.orders[choice], axis=1).reshape(features.shape)
        sign = np.array([s.sign for s in self.symmetries])[choice, None]
        turn = np.array([s.turn for s in self.symmetries])[choice, None]
        return turned, (sign * azimuth.astype(np.float64) + turn) % 360


def train(
    dataset: Dataset,
    task: Task = TASKS["azimuth"],
    *,
    widths: Widths = REFERENCE,
    start: Any = None,
    validation: Dataset | None = None,
    epochs: int = 30,
    batch: int = 256,
    seed: int = 1,
    progress: bool = False,
    report: Callable[[str], None] | None = None,
) -> Any:
    """Train the network.

    Parameters
        dataset : the frames to learn from; of these, the ones with the task's number of sources
        widths : filters of each convolution, units of the first dense layer
        start : a network that has learned already, to go on with (it is changed); its widths count
        validation : frames to score after each epoch; they change nothing
        epochs, batch, seed : the same values give the same accuracy within its interval
        report : called with one line an epoch
    Returns
        a Keras model, float32 [n, lags, pairs] -> probabilities [n, classes]
    Raises
        DatasetError: no frames for the task, or fewer than one epoch
        ModelError: `start` is a network for other features or another task
        MissingExtraError: TensorFlow is not installed
    """
    learn = dataset.where(task.fits(dataset.fields))
    if not len(learn) or epochs < 1 or batch < 1:
        raise DatasetError(
            f"training: {len(learn)} of {len(dataset)} frames have the {task.sources} known "
            f"source(s) of the task {task.name}, {epochs} epochs, batch {batch}: each must be "
            "over 0"
        )
    k = keras()
    k.utils.set_random_seed(seed)
    rng = np.random.default_rng([seed, 3])
    shape, classes = learn.definition.shape, task.classes
    model = network(shape, task, widths) if start is None else start
    takes, gives = tuple(model.input_shape[1:]), model.output_shape[-1]
    if (takes, gives) != (shape, classes.count):
        raise ModelError(
            f"fine-tuning: the network takes {takes} and gives {gives} classes, the frames and "
            f"the task {task.name} need {shape} and {classes.count}; train a new one"
        )
    steps = -(-len(learn) // batch) * epochs
    rate = LEARNING_RATE if start is None else FINE_RATE
    model.compile(
        optimizer=k.optimizers.Adam(k.optimizers.schedules.CosineDecay(rate, steps)),
        loss="categorical_crossentropy",
    )
    augment = Augmentation(learn.definition, classes)
    truth, azimuth = task.truth(learn.fields), task.field == "azimuth"
    judged = None if validation is None else validation.where(task.fits(validation.fields))
    for epoch in track(range(epochs), f"{task.name}: epochs", progress):
        order = rng.permutation(len(learn))
        angles = truth[order]
        features, turned = augment(learn.features[order], angles, rng)
        labels = task.targets(turned if azimuth else angles)
        history = model.fit(features, labels, batch_size=batch, epochs=1, shuffle=False, verbose=0)
        if report is not None:
            said = (
                f"{task.name}: epoch {epoch + 1} of {epochs}: loss {history.history['loss'][0]:.4f}"
            )
            if judged is not None:
                said += f", validation {exact(model, judged, task):.1f} % exact"
            report(said)
    return model


def exact(model: Any, dataset: Dataset, task: Task) -> float:
    """Percent of sources that a network finds in the right class."""
    outputs = model.predict(dataset.features, batch_size=1024, verbose=0)
    truth = task.truth(dataset.fields)
    found = task.match(task.decode(outputs), truth)
    return 100 * float(np.mean(task.classes.of(found) == task.classes.of(truth)))
