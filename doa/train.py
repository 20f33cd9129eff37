"""Training on simulated frames, or on real recordings, with the array's symmetries.

Source: Kingma & Ba 2015, "Adam"; Loshchilov & Hutter 2017, "SGDR" (the rate's half cosine).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .angles import TASKS, Task
from .dataset import Dataset
from .errors import DatasetError, ModelError
from .network import DROPOUT, REFERENCE, Widths, inference, keras, network
from .progress import track
from .turns import Turns

#: Learning rate at the start; it falls to 0 along half a cosine.
LEARNING_RATE = 2e-3
#: The same for a network that has learned already.
FINE_RATE = 2e-4
#: Share of the targets that all classes have alike. int8 outputs do not show it, but without it
#: logits go on falling where nothing is, and their int8 steps become as coarse as the range wide.
SMOOTH = 0.02


def train(
    dataset: Dataset,
    task: Task = TASKS["azimuth"],
    *,
    widths: Widths = REFERENCE,
    start: Any = None,
    dropout: float = DROPOUT,
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
        start : a network that has learned already, to go on with (it is changed); its widths and
            its dropout count
        dropout : share of the second convolution's outputs that is left out
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
    if start is not None:
        takes, gives = tuple(start.input_shape[1:]), start.output_shape[-1]
        if (takes, gives) != (shape, classes.count):
            raise ModelError(
                f"fine-tuning: the network takes {takes} and gives {gives} classes, the frames and "
                f"the task {task.name} need {shape} and {classes.count}; train a new one"
            )
    model = network(shape, task, widths, dropout) if start is None else start
    steps = -(-len(learn) // batch) * epochs
    rate = LEARNING_RATE if start is None else FINE_RATE
    model.compile(
        optimizer=k.optimizers.Adam(k.optimizers.schedules.CosineDecay(rate, steps)),
        loss="categorical_crossentropy",
    )
    turns = Turns(learn.definition, classes)
    truth = task.truth(learn.fields)
    judged = None if validation is None else validation.where(task.fits(validation.fields))
    for epoch in track(range(epochs), f"{task.name}: epochs", progress):
        order = rng.permutation(len(learn))
        choice = rng.integers(len(turns.symmetries), size=len(learn))
        angles = truth[order]
        if task.field == "azimuth":
            angles = turns.azimuth(angles, choice)
        labels = task.targets(angles)
        labels = (1 - SMOOTH) * labels + SMOOTH / classes.count
        features = turns(learn.features[order], choice)
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
    outputs = inference(model)(dataset.features)
    truth = task.truth(dataset.fields)
    found = task.match(task.decode(outputs), truth)
    return 100 * float(np.mean(task.classes.of(found) == task.classes.of(truth)))
