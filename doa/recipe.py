"""The shipped models from nothing, with one command: data, training, int8, evaluation, cards.

`python -m otus.doa.recipe` writes azimuth.tflite, azimuth-small.tflite, elevation.tflite and their
cards into models/.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .card import describe
from .conditions import EASY, EASY_HIGH, HARD, HARD_HIGH, Condition
from .dataset import Dataset
from .errors import DatasetError, ModelError
from .evaluate import Score, evaluate, table
from .extras import MissingExtraError
from .generate import make
from .litert import reference
from .quantise import quantise
from .train import REFERENCE, SMALL, Widths, train

FOLDER = Path(__file__).parents[1] / "models"
COMMAND = "python -m otus.doa.recipe"


@dataclass(frozen=True)
class Size:
    """Size of a data set: rooms, clips in each, utterances to choose from; conditions in turn."""

    rooms: int
    clips: int
    pool: int
    conditions: tuple[Condition, ...]


JUDGED = (EASY, EASY_HIGH, HARD, HARD_HIGH)
#: Each split in its full size. Two of three training rooms are hard, half of them have sources
#: evenly over elevation.
SIZES = {
    "train": Size(1500, 4, 400, (HARD, HARD_HIGH, HARD, EASY, HARD_HIGH, EASY_HIGH)),
    "validation": Size(80, 4, 60, JUDGED),
    "test": Size(400, 4, 200, JUDGED),
}


@dataclass(frozen=True)
class Recipe:
    """What a model tells, the size of its network, and how long it learns."""

    task: str
    epochs: int
    widths: Widths = REFERENCE


RECIPES = {
    "azimuth": Recipe("azimuth", 30),
    "azimuth-small": Recipe("azimuth", 30, SMALL),
    "elevation": Recipe("elevation", 20),
}


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


def cook(
    work: Path,
    folder: Path = FOLDER,
    *,
    names: Sequence[str] = tuple(RECIPES),
    seed: int = 1,
    scale: float = 1.0,
    progress: bool = False,
) -> None:
    """Make the data sets in `work`, and the models and their cards in `folder`."""
    sets = [data(s, work, seed=seed, scale=scale, progress=progress) for s in SIZES]
    learn, validation, test = sets
    scaled = "" if scale == 1 else f" --scale {scale:g}"
    for name in names:
        recipe = RECIPES[name]
        model = train(
            learn,
            recipe.task,
            widths=recipe.widths,
            validation=validation,
            epochs=recipe.epochs,
            seed=seed,
            path=work / f"{name}.keras",
            progress=progress,
            report=lambda line: print(line, file=sys.stderr),
        )
        content = quantise(model, learn.features)
        scores = evaluate(reference(content), test, recipe.task)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.tflite").write_bytes(content)
        described = describe(
            recipe.task,
            content,
            sets,
            scores,
            command=f"{COMMAND} --seed {seed}{scaled}",
            seed=seed,
            epochs=recipe.epochs,
        )
        path = folder / f"{name}.json"
        path.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
        print(f"{name}\n\n{table(scores)}\n")


def judge(
    work: Path,
    folder: Path = FOLDER,
    *,
    names: Sequence[str] = tuple(RECIPES),
    seed: int = 1,
    scale: float = 1.0,
    progress: bool = False,
) -> dict[str, list[Score]]:
    """Score the models in `folder` on the test split, which is made in `work` if needed."""
    test = data("test", work, seed=seed, scale=scale, progress=progress)
    return {
        name: evaluate(reference(folder / f"{name}.tflite"), test, RECIPES[name].task)
        for name in names
    }


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
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    given = parser.parse_args()
    names = given.model or tuple(RECIPES)
    options: dict[str, Any] = {"names": names, "seed": given.seed, "scale": given.scale}
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
