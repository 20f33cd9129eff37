"""The shipped models from nothing, with one command: data, training, int8, evaluation, cards.

`python -m otus.doa.recipe` writes azimuth.tflite, elevation.tflite and their cards into models/.
"""

import argparse
import hashlib
import importlib.metadata
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .angles import TASKS
from .dataset import EASY, EASY_HIGH, HARD, HARD_HIGH, Condition, Dataset, make
from .errors import DatasetError
from .evaluate import Score, evaluate, table
from .features import FeatureDefinition
from .litert import reference
from .quantise import quantise
from .recording import GATE_FLOOR_DB, GATE_PERCENTILE, GATE_RANGE_DB
from .speech import espeak_version
from .train import train

FOLDER = Path(__file__).parents[1] / "models"
PACKAGES = ("numpy", "scipy", "pyroomacoustics", "tensorflow-cpu", "tensorflow", "keras",
            "ai-edge-litert")  # fmt: skip
COMMAND = "python -m otus.doa.recipe"


@dataclass(frozen=True)
class Size:
    """Size of a data set: rooms, clips in each, utterances to choose from; conditions in turn."""

    rooms: int
    clips: int
    pool: int
    conditions: tuple[Condition, ...]


ALL = (EASY, EASY_HIGH, HARD, HARD_HIGH)
#: Each split in its full size.
SIZES = {
    "train": Size(6000, 2, 600, ALL),
    "validation": Size(80, 4, 60, ALL),
    "test": Size(400, 4, 200, ALL),
}
EPOCHS = {"azimuth": 30, "elevation": 20}


def data(
    split: str, folder: Path, *, seed: int, scale: float = 1.0, progress: bool = False
) -> Dataset:
    """Load the split's data set from a folder, or make it and keep it there.

    Parameters
        scale : share of the full number of rooms and utterances
    Raises
        DatasetError: the folder holds a set of another seed or size
    """
    size = SIZES[split]
    rooms, pool = max(1, round(size.rooms * scale)), max(1, round(size.pool * scale))
    path = folder / f"{split}.npz"
    if path.exists():
        found = Dataset.load(path)
        if (found.meta["seed"], found.meta["rooms"]) != (seed, rooms):
            raise DatasetError(
                f"{path}: made with seed {found.meta['seed']} and {found.meta['rooms']} rooms, "
                f"wanted are seed {seed} and {rooms} rooms; remove it or choose another folder"
            )
        return found
    folder.mkdir(parents=True, exist_ok=True)
    return make(
        split,
        rooms,
        clips=size.clips,
        conditions=size.conditions,
        seed=seed,
        pool=pool,
        path=path,
        progress=progress,
    )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that shape a model."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def card(
    task: str,
    model: bytes,
    sets: Sequence[Dataset],
    scores: Sequence[Score],
    *,
    command: str,
    seed: int,
    epochs: int,
) -> dict[str, Any]:
    """Describe a model: everything that says what it is, how it was made and how good it is."""
    classes = TASKS[task]
    return {
        "task": task,
        "classes": {
            "count": classes.count,
            "step_degrees": classes.step,
            "circular": classes.circular,
            "meaning": "class k is centred on k * step degrees",
        },
        "sha256": hashlib.sha256(model).hexdigest(),
        "features": sets[0].definition.to_dict(),
        "command": command,
        "seed": seed,
        "epochs": epochs,
        "versions": versions(),
        "speech": espeak_version(),
        "sound_gate": {
            "range_db": GATE_RANGE_DB,
            "percentile": GATE_PERCENTILE,
            "floor_dbfs": GATE_FLOOR_DB,
            "applied_to": "the recording without noise",
        },
        "data": [s.summary() for s in sets],
        "accuracy": {
            "of": "the int8 model, single frames, LiteRT reference kernels, split test",
            "figures": "[value, low, high]: percent or degrees, 95 % interval over rooms",
            "scores": [s.to_dict() for s in scores],
        },
    }


def cook(
    work: Path,
    folder: Path = FOLDER,
    *,
    tasks: Sequence[str] = tuple(TASKS),
    seed: int = 1,
    scale: float = 1.0,
    progress: bool = False,
) -> None:
    """Make the data sets in `work`, and the models and their cards in `folder`."""
    sets = [data(s, work, seed=seed, scale=scale, progress=progress) for s in SIZES]
    learn, validation, test = sets
    scaled = "" if scale == 1 else f" --scale {scale:g}"
    for task in tasks:
        epochs = EPOCHS[task]
        model = train(
            learn,
            task,
            validation=validation,
            epochs=epochs,
            seed=seed,
            path=work / f"{task}.keras",
            progress=progress,
            report=lambda line: print(line, file=sys.stderr),
        )
        content = quantise(model, learn.features)
        scores = evaluate(reference(content), test, task)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{task}.tflite").write_bytes(content)
        described = card(
            task,
            content,
            sets,
            scores,
            command=f"{COMMAND} --seed {seed}{scaled}",
            seed=seed,
            epochs=epochs,
        )
        path = folder / f"{task}.json"
        path.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
        print(f"{task}, int8, on {test.definition.array.name}\n\n{table(scores)}\n")


def read_card(path: Path) -> tuple[dict[str, Any], FeatureDefinition]:
    """Read a model's card and the feature definition in it; refuse a card of another model.

    Parameters
        path : the .json file; the model lies beside it
    Raises
        DefinitionError, DatasetError: the card is unreadable, or the .tflite file is not the card's
    """
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        definition = FeatureDefinition.from_dict(described["features"])
        want = described["sha256"]
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{path}: not a model card ({error!r})") from error
    model = path.with_suffix(".tflite")
    if not model.is_file() or hashlib.sha256(model.read_bytes()).hexdigest() != want:
        raise DatasetError(f"{model}: not the model that {path.name} describes; take both again")
    return described, definition


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description="Make the shipped models: data, training, int8, evaluation."
    )
    parser.add_argument(
        "--work", type=Path, default=Path("out"), help="folder for data sets (%(default)s)"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder for the models")
    parser.add_argument("--task", choices=list(TASKS), action="append", help="one model only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the full data, to try things out"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    given = parser.parse_args()
    cook(
        given.work,
        given.folder,
        tasks=given.task or tuple(TASKS),
        seed=given.seed,
        scale=given.scale,
        progress=not given.quiet,
    )


if __name__ == "__main__":
    main()
