"""Training on simulated frames, or on real recordings, with the array's symmetries.

Source: Kingma & Ba 2015, "Adam"; Loshchilov & Hutter 2017, "SGDR" (the rate's half cosine); Hinton,
Vinyals & Dean 2015, "Distilling the knowledge in a neural network" (the teacher).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import TASKS, Classes, Task
from .dataset import Dataset
from .errors import DatasetError, ModelError
from .features import FeatureDefinition
from .network import DROPOUT, REFERENCE, Widths, keras, network
from .progress import track
from .symmetry import Symmetry, symmetries

#: Learning rate at the start; it falls to 0 along half a cosine.
LEARNING_RATE = 2e-3
#: The same for a network that has learned already.
FINE_RATE = 2e-4
#: Share of the targets that is what a teacher hears; the rest is the truth.
TAUGHT = 0.5
#: Share of the targets that all classes have alike. int8 outputs do not show it, but without it
#: logits go on falling where nothing is, and their int8 steps become as coarse as the range wide.
SMOOTH = 0.02


class Augmentation:
    """Replace each frame by a random symmetry of the array, and its azimuths with it."""

    def __init__(self, definition: FeatureDefinition, classes: Classes) -> None:
        # A symmetry that moves class centres off the centres would need other labels.
        kept = [s for s in symmetries(definition.array) if s.turn % classes.step == 0]
        self.symmetries: list[Symmetry] = kept
        self.orders = np.stack([s.order(definition) for s in kept])

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
        """Tell which class each one becomes by every symmetry: [symmetries, classes]."""
        same = np.arange(task.classes.count)
        turned = [task.classes.of(s.azimuth(task.classes.centres)) for s in self.symmetries]
        return np.stack(turned if task.field == "azimuth" else [same] * len(turned))


def taught(teacher: Any, features: NDArray[np.float32], augment: Augmentation, task: Task) -> Any:
    """Ask a network about every turn of each frame, and average what it says.

    Mirror images are left out: in them halves, which go up, would go down.

    Returns
        float32 [n, classes]
    """
    total = np.zeros((len(features), task.classes.count), dtype=np.float32)
    turns = [k for k, s in enumerate(augment.symmetries) if s.sign > 0]
    for k in turns:
        turned = augment(features, np.full(len(features), k))
        total += teacher.predict(turned, batch_size=1024, verbose=0)[:, augment.classes(task)[k]]
    return total / len(turns)


def train(
    dataset: Dataset,
    task: Task = TASKS["azimuth"],
    *,
    widths: Widths = REFERENCE,
    start: Any = None,
    teacher: Any = None,
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
        teacher : a larger network of the same task that has learned already: part of the targets
            is what it hears; then nothing is dropped out
        validation : frames to score after each epoch; they change nothing
        epochs, batch, seed : the same values give the same accuracy within its interval
        report : called with one line an epoch
    Returns
        a Keras model, float32 [n, lags, pairs] -> probabilities [n, classes]
    Raises
        DatasetError: no frames for the task, or fewer than one epoch
        ModelError: `start` or `teacher` is a network for other features or another task
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
    for known, role in ((start, "fine-tuning: the network"), (teacher, "the teacher")):
        if known is None:
            continue
        takes, gives = tuple(known.input_shape[1:]), known.output_shape[-1]
        if (takes, gives) != (shape, classes.count):
            raise ModelError(
                f"{role} takes {takes} and gives {gives} classes, the frames and "
                f"the task {task.name} need {shape} and {classes.count}; train a new one"
            )
    dropout = DROPOUT if teacher is None else 0.0
    model = network(shape, task, widths, dropout) if start is None else start
    steps = -(-len(learn) // batch) * epochs
    rate = LEARNING_RATE if start is None else FINE_RATE
    model.compile(
        optimizer=k.optimizers.Adam(k.optimizers.schedules.CosineDecay(rate, steps)),
        loss="categorical_crossentropy",
    )
    augment = Augmentation(learn.definition, classes)
    truth = task.truth(learn.fields)
    hears = None if teacher is None else taught(teacher, learn.features, augment, task)
    # Where the probability of each class of a turned frame was before.
    before = np.argsort(augment.classes(task), axis=1)
    judged = None if validation is None else validation.where(task.fits(validation.fields))
    for epoch in track(range(epochs), f"{task.name}: epochs", progress):
        order = rng.permutation(len(learn))
        choice = rng.integers(len(augment.symmetries), size=len(learn))
        angles = truth[order]
        if task.field == "azimuth":
            angles = augment.azimuth(angles, choice)
        labels = task.targets(angles)
        if hears is not None:
            heard = np.take_along_axis(hears[order], before[choice], axis=1)
            labels += np.float32(TAUGHT) * (heard - labels)
        labels = (1 - SMOOTH) * labels + SMOOTH / classes.count
        features = augment(learn.features[order], choice)
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
