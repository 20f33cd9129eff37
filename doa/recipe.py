"""The shipped models from nothing, with one command: data, training, int8, evaluation, cards.

`python -m otus.doa.recipe` writes the .tflite files, their cards and a page of their accuracy into
models/. What is done already is not done again: a data set or a trained network of the same seed
and size is taken from the working folder.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .angles import task as task_of
from .card import describe, page, write
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
from .network import SMALL, Widths, inference
from .quantise import quantise
from .school import School

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
    """The data sets that models share: they are in a folder of this name.

    Parameters
        definition : array and features
        splits : train, validation and test; and classical, of the test split with samples, which
            classical methods need
    """

    name: str
    definition: FeatureDefinition
    splits: dict[str, Size]


#: What a network of one source is judged by, in turn.
JUDGED = (EASY, EASY_HIGH, HARD, HARD_HIGH, REFERENCE)
#: Half of a ring's training rooms are hard, and the sources of half are evenly over elevation.
#: There are so many rooms that a network is no better on their frames than on new ones.
LEARNED = (HARD, HARD_HIGH, HARD, EASY, HARD_HIGH, EASY_HIGH, REFERENCE)

UMA8 = Data(
    "uma8",
    preset("uma8"),
    {
        "train": Size(6300, 4, 1200, LEARNED),
        "validation": Size(80, 4, 60, JUDGED),
        "test": Size(1600, 4, 800, JUDGED),
        "classical": Size(80, 4, 100, (HARD,)),
    },
)
UMA8_TWO = Data(
    "uma8-two",
    preset("uma8"),
    {
        "train": Size(4000, 4, 1200, (TWO, TWO_EASY)),
        "validation": Size(40, 4, 60, (TWO, TWO_EASY)),
        "test": Size(480, 4, 480, (TWO, TWO_EASY)),
    },
)
RESPEAKER4 = Data(
    "respeaker4",
    preset("respeaker4"),
    {
        "train": Size(2400, 4, 1200, (HARD, EASY, HARD_HIGH)),
        "validation": Size(40, 4, 60, (EASY, HARD)),
        "test": Size(400, 4, 400, (EASY, HARD)),
    },
)


@dataclass(frozen=True)
class Recipe:
    """What a model tells, what it learns from and how long, and the size of its network.

    Parameters
        epochs, dropout : of the network itself
        aware : epochs that it goes on for as its int8 file computes (`aware.Twin`)
    """

    task: str
    data: Data
    epochs: int
    aware: int
    widths: Widths = LARGE
    dropout: float = 0.0


RECIPES = {
    "azimuth": Recipe("azimuth", UMA8, 30, 4),
    "azimuth-small": Recipe("azimuth", UMA8, 30, 4, SMALL),
    "azimuth-360": Recipe("azimuth-360", UMA8, 10, 4),
    "azimuth-respeaker4": Recipe("azimuth", RESPEAKER4, 30, 4),
    "elevation": Recipe("elevation", UMA8, 14, 4),
    "two-source": Recipe("two-source", UMA8_TWO, 20, 4, dropout=0.1),
}
#: The sets that a network is made from and judged by.
SETS = ("train", "validation", "test")


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
    classical = split == "classical"
    return make(
        "test" if classical else split,
        max(1, round(size.rooms * scale)),
        clips=size.clips,
        conditions=size.conditions,
        seed=seed,
        pool=max(1, round(size.pool * scale)),
        definition=of.definition,
        audio=classical,
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
            for s in SETS
        ]
        learn, _, test = sets
        command = f"{COMMAND} --seed {seed}{scaled}"
        school = School(work, task, sets, seed, command, progress)
        model, record = school.learned(name, recipe.widths, recipe.epochs, recipe.dropout)
        model, record = school.tuned(f"{name}-aware", model, record, recipe.aware)
        content = quantise(model, learn.features)
        judged = test.where(task.fits(test.fields))
        int8 = evaluate(hear(reference(content), judged, task), judged, task)
        single = evaluate(hear(inference(model), judged, task), judged, task)
        described = describe(
            content,
            record,
            int(model.count_params()),
            int8,
            single,
            speech=test.meta["made_by"]["speech"],
        )
        write(folder / f"{name}.tflite", content, described)
        (folder / "README.md").write_text(page(folder), encoding="utf-8")
        print(f"{name}\n\n{table(int8)}\n")


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
