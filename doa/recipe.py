"""The shipped models from nothing, with one command: data, training, int8, evaluation, cards.

`python -m otus.doa.recipe` writes the .tflite files, their cards and a page of their accuracy into
models/. What is done already is not done again: a data set or a trained network of the same seed
and size is taken from the working folder.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .angles import Task
from .angles import task as task_of
from .card import describe, page, training, write
from .conditions import (
    EASY,
    EASY_HIGH,
    HARD,
    HARD_HIGH,
    REFERENCE,
    TWO,
    TWO_EASY,
    Condition,
)
from .dataset import Dataset
from .definitions import preset
from .errors import DatasetError, ModelError
from .evaluate import Score, evaluate, hear, table
from .extras import MissingExtraError
from .features import FeatureDefinition
from .generate import make
from .litert import reference
from .network import REFERENCE as LARGE
from .network import SMALL, TEACHER, Widths, inference, load, save
from .quantise import quantise
from .train import TAUGHT, train

FOLDER = Path(__file__).parents[1] / "models"
COMMAND = "python -m otus.doa.recipe"


@dataclass(frozen=True)
class Size:
    """Size of a data set: rooms, clips in each, utterances to choose from; conditions in turn."""

    rooms: int
    clips: int
    pool: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Data:
    """The three data sets that models share: they are in a folder of this name.

    Parameters
        definition : array and features
    """

    name: str
    definition: FeatureDefinition
    splits: dict[str, Size]


#: What a network of one source is judged by, in turn.
JUDGED = (EASY, EASY_HIGH, HARD, HARD_HIGH, REFERENCE)
#: Half of a ring's training rooms are hard, and the sources of half are evenly over elevation.
LEARNED = (HARD, HARD_HIGH, HARD, EASY, HARD_HIGH, EASY_HIGH, REFERENCE)

UMA8 = Data(
    "uma8",
    preset("uma8"),
    {
        "train": Size(1400, 4, 400, LEARNED),
        "validation": Size(80, 4, 60, JUDGED),
        "test": Size(400, 4, 200, JUDGED),
    },
)
UMA8_TWO = Data(
    "uma8-two",
    preset("uma8"),
    {
        "train": Size(600, 4, 300, (TWO, TWO_EASY)),
        "validation": Size(40, 4, 60, (TWO, TWO_EASY)),
        "test": Size(160, 4, 160, (TWO, TWO_EASY)),
    },
)
RESPEAKER4 = Data(
    "respeaker4",
    preset("respeaker4"),
    {
        "train": Size(700, 4, 300, (HARD, EASY, HARD_HIGH)),
        "validation": Size(40, 4, 60, (EASY, HARD)),
        "test": Size(200, 4, 200, (EASY, HARD)),
    },
)


@dataclass(frozen=True)
class Recipe:
    """What a model tells, what it learns from and how long, and the size of its network.

    Parameters
        teacher : epochs of the larger network that labels its frames; 0: none
        taught : share of the targets that is what that network hears
    """

    task: str
    data: Data
    epochs: int
    widths: Widths = LARGE
    teacher: int = 20
    taught: float = TAUGHT


RECIPES = {
    "azimuth": Recipe("azimuth", UMA8, 120, taught=0.7),
    "azimuth-small": Recipe("azimuth", UMA8, 40, SMALL),
    "azimuth-360": Recipe("azimuth-360", UMA8, 20, teacher=0),
    "azimuth-respeaker4": Recipe("azimuth", RESPEAKER4, 40),
    "elevation": Recipe("elevation", UMA8, 30),
    "two-source": Recipe("two-source", UMA8_TWO, 120, taught=0.7),
}


def data(
    of: Data,
    split: str,
    work: Path,
    *,
    seed: int,
    scale: float = 1.0,
    workers: int = 1,
    progress: bool = False,
) -> Dataset:
    """Load the split's data set from the working folder, or make it and keep it there.

    Parameters
        scale : share of the full number of rooms and utterances
        workers : processes
    Raises
        DatasetError: the folder holds a set of another seed, size or version
    """
    size = of.splits[split]
    return make(
        split,
        max(1, round(size.rooms * scale)),
        clips=size.clips,
        conditions=size.conditions,
        seed=seed,
        pool=max(1, round(size.pool * scale)),
        definition=of.definition,
        # The classical methods, which are compared on the test split, need samples.
        audio=split == "test",
        path=work / of.name / f"{split}.npz",
        workers=workers,
        progress=progress,
    )


def cook(
    work: Path,
    folder: Path = FOLDER,
    *,
    names: Sequence[str] = tuple(RECIPES),
    seed: int = 1,
    scale: float = 1.0,
    workers: int = 1,
    progress: bool = False,
) -> None:
    """Make the data sets and networks in `work`, the models and their cards in `folder`."""
    scaled = "" if scale == 1 else f" --scale {scale:g}"
    for name in names:
        recipe = RECIPES[name]
        task = task_of(recipe.task)
        sets = [
            data(recipe.data, s, work, seed=seed, scale=scale, workers=workers, progress=progress)
            for s in recipe.data.splits
        ]
        learn, _, test = sets

        same: dict[str, Any] = {
            "seed": seed,
            "command": f"{COMMAND} --seed {seed}{scaled}",
            "progress": progress,
        }
        teacher = None
        if recipe.teacher:
            kept = work / f"{recipe.data.name}-{task.name}-teacher.keras"
            teacher = _learned(kept, task, sets, TEACHER, recipe.teacher, **same)
        kept = work / f"{name}.keras"
        model, record = _learned(
            kept, task, sets, recipe.widths, recipe.epochs, teacher, recipe.taught, **same
        )
        content = quantise(model, learn.features)
        judged = test.where(task.fits(test.fields))
        int8 = evaluate(hear(reference(content), judged, task), judged, task)
        single = evaluate(hear(inference(model), judged, task), judged, task)
        described = describe(content, record, int(model.count_params()), int8, single)
        write(folder / f"{name}.tflite", content, described)
        (folder / "README.md").write_text(page(folder), encoding="utf-8")
        print(f"{name}\n\n{table(int8)}\n")


def _learned(
    path: Path,
    task: Task,
    sets: Sequence[Dataset],
    widths: Widths,
    epochs: int,
    teacher: tuple[Any, dict[str, Any]] | None = None,
    taught: float = TAUGHT,
    *,
    seed: int,
    command: str,
    progress: bool,
) -> tuple[Any, dict[str, Any]]:
    """Take a network that was trained in just this way from its file, or train it and keep it.

    Parameters
        teacher : a network and its record
        taught : share of the targets that is what it hears
    Returns
        the network and its record
    """
    learn, validation, _ = sets
    wanted = training(
        task,
        learn.definition,
        sets,
        widths=widths,
        epochs=epochs,
        seed=seed,
        command=command,
        teacher=None if teacher is None else teacher[1],
        taught=taught,
    )
    if path.is_file():
        model, record = load(path)
        if record == wanted:
            return model, record
    model = train(
        learn,
        task,
        widths=widths,
        teacher=None if teacher is None else teacher[0],
        taught=taught,
        validation=validation,
        epochs=epochs,
        seed=seed,
        progress=progress,
        report=lambda line: print(line, file=sys.stderr),
    )
    save(model, path, wanted)
    return model, wanted


def judge(
    work: Path,
    folder: Path = FOLDER,
    *,
    names: Sequence[str] = tuple(RECIPES),
    seed: int = 1,
    scale: float = 1.0,
    workers: int = 1,
    progress: bool = False,
) -> dict[str, list[Score]]:
    """Score the models in `folder` on the test split, which is made in `work` if needed."""
    found = {}
    for name in names:
        recipe, task = RECIPES[name], task_of(RECIPES[name].task)
        test = data(recipe.data, "test", work, seed=seed, scale=scale, workers=workers,
                    progress=progress)  # fmt: skip
        test = test.where(task.fits(test.fields))
        infer = reference(folder / f"{name}.tflite")
        found[name] = evaluate(hear(infer, test, task), test, task)
    return found


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description="Make the shipped models: data, training, int8, evaluation."
    )
    parser.add_argument(
        "--work", type=Path, default=Path("out"), help="folder for data sets (%(default)s)"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder for the models")
    parser.add_argument("--model", choices=list(RECIPES), action="append", help="one model only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the full data, to try things out"
    )
    parser.add_argument(
        "--evaluate", action="store_true", help="score the models in the folder, make no new ones"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate rooms")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    given = parser.parse_args()
    names = given.model or tuple(RECIPES)
    options: dict[str, Any] = {
        "names": names,
        "seed": given.seed,
        "scale": given.scale,
        "workers": given.workers,
    }
    try:
        if not given.evaluate:
            cook(given.work, given.folder, progress=not given.quiet, **options)
            return
        found = judge(given.work, given.folder, progress=not given.quiet, **options)
    except (DatasetError, ModelError, MissingExtraError) as error:
        parser.exit(1, f"{COMMAND}: {error}\n")
    for name, scores in found.items():
        print(f"{name}\n\n{table(scores)}\n")


if __name__ == "__main__":
    main()
