"""The reference network, and its training on simulated frames.

Source: Yaghoobi 2021, "Introduction to Resource Constrained Embedded Deep Learning" (UDRC): two
one-dimensional convolutions along the lags with the pairs as channels, two dense layers.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import AZIMUTH, Classes, task
from .dataset import Dataset
from .errors import DatasetError
from .extras import require
from .features import FeatureDefinition
from .progress import track
from .symmetry import Symmetry, symmetries

#: Filters of the two convolutions, and units of the first dense layer.
Widths = tuple[int, int, int]
REFERENCE: Widths = (64, 64, 100)
#: For parts with little memory: 4,788 parameters at 13 x 15 -> 36.
SMALL: Widths = (16, 16, 32)
#: Learning rate at the start; it falls to 0 along half a cosine.
LEARNING_RATE = 2e-3
#: The reference drops half; with twelve turns of every frame a fifth scored better on validation.
DROPOUT = 0.2
#: Width of the targets, degrees: a source between two centres is a little of both classes.
SOFT = 4.0


def keras() -> Any:
    """Import Keras (with TensorFlow underneath, told to keep its notices to itself)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    return require("tensorflow", "train").keras


def network(shape: tuple[int, int], classes: int, widths: Widths = REFERENCE) -> Any:
    """Build the network for features of shape (lags, pairs): 44,632 parameters at 13 x 15 -> 36.

    Parameters
        widths : filters of each convolution, units of the first dense layer
    """
    k = keras()
    first, second, hidden = widths
    return k.Sequential(
        [
            k.Input(shape),
            k.layers.Conv1D(first, 3, activation="relu"),
            k.layers.Conv1D(second, 3, activation="relu"),
            k.layers.Dropout(DROPOUT),
            k.layers.MaxPool1D(2),
            k.layers.Flatten(),
            k.layers.Dense(hidden, activation="relu"),
            k.layers.Dense(classes, activation="softmax"),
        ]
    )


def targets(degrees: NDArray[Any], classes: Classes) -> NDArray[np.float32]:
    """Spread each angle over the classes around it: degrees [n] -> float32 [n, classes], sums 1."""
    error = classes.error(np.asarray(degrees)[:, None], classes.centres)
    weight = np.exp(-0.5 * (error / SOFT) ** 2)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float32)


class Augmentation:
    """Replace each frame by a random symmetry of the array, and its azimuth with it."""

    def __init__(self, definition: FeatureDefinition, classes: Classes) -> None:
        # A symmetry that moves class centres off the centres would need other labels.
        kept = [s for s in symmetries(definition.array) if s.turn % classes.step == 0]
        self.symmetries: list[Symmetry] = kept
        self.orders = np.stack([s.order(definition) for s in kept])

    def __call__(
        self, features: NDArray[np.float32], azimuth: NDArray[Any], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Take float32 [n, lags, pairs] and degrees [n]; give the same of the turned sources."""
        choice = rng.integers(len(self.symmetries), size=len(features))
        flat = features.reshape(len(features), -1)
        turned = np.take_along_axis(flat, self.orders[choice], axis=1).reshape(features.shape)
        sign = np.array([s.sign for s in self.symmetries])[choice]
        turn = np.array([s.turn for s in self.symmetries])[choice]
        return turned, (sign * azimuth.astype(np.float64) + turn) % 360


def train(
    dataset: Dataset,
    task_name: str = AZIMUTH.name,
    *,
    widths: Widths = REFERENCE,
    validation: Dataset | None = None,
    epochs: int = 30,
    batch: int = 256,
    seed: int = 1,
    path: str | Path | None = None,
    progress: bool = False,
    report: Callable[[str], None] | None = None,
) -> Any:
    """Train the network.

    Parameters
        dataset : the frames to learn from
        task_name : azimuth or elevation
        widths : filters of each convolution, units of the first dense layer
        validation : frames to score after training; they change nothing
        epochs, batch, seed : the same values give the same accuracy within its interval
        path : also save the model to this .keras file
        report : called with one line an epoch
    Returns
        a Keras model, float32 [n, lags, pairs] -> probabilities [n, classes]
    Raises
        DatasetError: an empty data set, or fewer than one epoch
        MissingExtraError: TensorFlow is not installed
    """
    if not len(dataset) or epochs < 1 or batch < 1:
        raise DatasetError(
            f"training: {len(dataset)} frames, {epochs} epochs, batch {batch}: each must be over 0"
        )
    classes = task(task_name)
    k = keras()
    k.utils.set_random_seed(seed)
    rng = np.random.default_rng([seed, 3])
    model = network(dataset.definition.shape, classes.count, widths)
    steps = -(-len(dataset) // batch) * epochs
    model.compile(
        optimizer=k.optimizers.Adam(k.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    augment = Augmentation(dataset.definition, classes)
    for epoch in track(range(epochs), f"{task_name}: epochs", progress):
        order = rng.permutation(len(dataset))
        features, azimuth = augment(dataset.features[order], dataset["azimuth"][order], rng)
        angle = azimuth if task_name == AZIMUTH.name else dataset[task_name][order]
        history = model.fit(
            features, targets(angle, classes), batch_size=batch, epochs=1, shuffle=False, verbose=0
        )
        if report is not None:
            line = {name: round(float(values[-1]), 4) for name, values in history.history.items()}
            report(f"{task_name}: epoch {epoch + 1} of {epochs}: {line}")
    if validation is not None and report is not None:
        truth = classes.of(validation[task_name])
        exact = np.mean(model.predict(validation.features, verbose=0).argmax(axis=1) == truth)
        report(f"{task_name}: validation: {100 * exact:.1f} % exact")
    if path is not None:
        model.save(Path(path))
    return model
