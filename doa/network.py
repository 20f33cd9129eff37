"""The reference network, and .keras files that know what they are for.

Source: Yaghoobi 2021, "Introduction to Resource Constrained Embedded Deep Learning" (UDRC): two
one-dimensional convolutions along the lags with the pairs as channels, two dense layers.
"""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .angles import Task
from .errors import ModelError
from .extras import require
from .litert import Infer

#: Filters of the two convolutions, and units of the first dense layer.
Widths = tuple[int, int, int]
REFERENCE: Widths = (64, 64, 100)
#: For parts with little memory: 4,788 parameters at 13 x 15 -> 36.
SMALL: Widths = (16, 16, 32)
#: The reference drops half; with twelve turns of every frame a fifth scored better on validation.
DROPOUT = 0.2
#: A .keras file is a zip archive; this member of it holds the training's record.
RECORD = "otus.json"


def keras() -> Any:
    """Import Keras (with TensorFlow underneath, told to keep its notices to itself)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    return require("tensorflow", "train").keras


def network(
    shape: tuple[int, int], task: Task, widths: Widths = REFERENCE, dropout: float = DROPOUT
) -> Any:
    """Build the network for features of shape (lags, pairs): 44,632 parameters at 13 x 15 -> 36.

    Parameters
        widths : filters of each convolution, units of the first dense layer
        dropout : share of the second convolution's outputs that training leaves out
    """
    k = keras()
    first, second, hidden = widths
    return k.Sequential(
        [
            k.Input(shape),
            k.layers.Conv1D(first, 3, activation="relu"),
            k.layers.Conv1D(second, 3, activation="relu"),
            k.layers.Dropout(dropout),
            k.layers.MaxPool1D(2),
            k.layers.Flatten(),
            k.layers.Dense(hidden, activation="relu"),
            k.layers.Dense(task.classes.count, activation="softmax"),
        ]
    )


def inference(model: Any) -> Infer:
    """Give a Keras model's inference callable."""

    def infer(features: NDArray[np.float32]) -> NDArray[Any]:
        return np.asarray(model.predict(features, batch_size=1024, verbose=0))

    return infer


def save(model: Any, path: str | Path, record: dict[str, Any]) -> None:
    """Write a .keras file with the record of its training in it.

    Parameters
        record : plain values: task, features, widths, epochs, seed, data, versions
    Raises
        ModelError: the name does not end in .keras
    """
    path = keras_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(RECORD, json.dumps(record))


def load(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """Read what `save` wrote: the Keras model and the record.

    Raises
        ModelError: no such file, no Keras model, or one without a record
        MissingExtraError: TensorFlow is not installed
    """
    path = keras_file(path)
    if not path.is_file():
        raise ModelError(f"{path}: no such file; train it with otus train")
    try:
        with zipfile.ZipFile(path) as file:
            record: dict[str, Any] = json.loads(file.read(RECORD))
        return keras().models.load_model(path), record
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise ModelError(f"{path}: not a model that otus train wrote ({error})") from error


def keras_file(path: str | Path) -> Path:
    """Refuse a name that does not end in .keras: Keras would write another format, or none."""
    path = Path(path)
    if path.suffix != ".keras":
        raise ModelError(f"{path}: trained models are .keras files; name it {path.stem}.keras")
    return path
