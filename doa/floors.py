"""What the shipped models must reach, measured: `python -m otus.doa.floors`.

The floors were set before the models were made. The test split is judged, whose rooms, voices and
utterances no training has seen.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .angles import Task
from .angles import task as task_of
from .baselines import NAMES, find
from .conditions import CONDITIONS
from .dataset import Dataset
from .errors import DatasetError, ModelError
from .evaluate import FIGURES, Estimate, evaluate, hear, lead, spread
from .extras import MissingExtraError
from .litert import reference
from .recipe import FOLDER, RECIPES, data

COMMAND = "python -m otus.doa.floors"
#: Frames that the classical methods are given at most, evenly picked; there are fewer.
CLASSICAL = 10_000
#: What they are compared with, and where.
COMPARED = ("azimuth", "hard")
PAGE = f"""# What the shipped models must reach

`{COMMAND} --output docs/floors.md` wrote this page. The floors were set
before the models were made; the conditions are those of [data sets](datasets.md), all of the test
split; the classical methods heard 80 more rooms of it, whose samples were kept. Percent, with 95 %
intervals over rooms and source material; where points are compared, both methods saw the same
frames. In all turns: every frame was heard once in each turn of the array (`--turns`). Points of
int8 ahead of float32 are those of the models' cards. int8 runs on LiteRT's reference kernels;
`otus evaluate` runs the accelerator's golden model, whose figures are within 0.06 points of these.

The "rooms" of `reference` are draws of the same three rooms, as that regime has them: its intervals
say nothing about other rooms.

{{}}

## Beside the classical methods

The single {COMPARED[1]} frames again, heard by the model `{COMPARED[0]}` in int8 and by the methods
of `otus evaluate --classical`. Their settings (`doa/baselines.py`) were chosen on the validation
split.

{{}}

Why floors are missed, and how real recordings do: [models](models.md).
"""
#: int8 may be this many points below float32.
LOSS = 1.0


@dataclass(frozen=True)
class Floor:
    """What a model must reach in a condition.

    Parameters
        model : its name
        condition : the frames it is judged by
        exact, within_one : percent; points where `beside` names a method; None: no such floor
        average : frames whose probabilities are averaged
        turns : whether every frame is heard in all turns of the array
        beside : a classical method that the model must be ahead of, or ""
    """

    model: str
    condition: str
    exact: float | None
    within_one: float | None
    average: int = 1
    turns: bool = False
    beside: str = ""

    def __str__(self) -> str:
        how = f", {self.average} frames averaged" * (self.average > 1)
        how += ", in all turns" * self.turns
        how += f", points ahead of {self.beside}" * bool(self.beside)
        return f"{self.model}, {self.condition}{how}"


FLOORS = (
    Floor("azimuth", "hard", 58, 80),
    Floor("azimuth", "hard", 58, 80, turns=True),
    Floor("azimuth", "hard", 6, 8, beside="SRP-PHAT"),
    Floor("azimuth", "hard", 66, None, average=4),
    Floor("azimuth", "easy", 81, 97),
    Floor("azimuth", "easy", 81, 97, turns=True),
    Floor("azimuth", "reference", 94, None),
    Floor("azimuth", "reference", 94, None, turns=True),
    Floor("elevation", "hard", 44, 78),
    Floor("elevation", "hard", 44, 78, turns=True),
    Floor("two-source", "two", None, 66),
    Floor("two-source", "two", None, 66, turns=True),
    Floor("two-source", "two-easy", None, 66),
    Floor("two-source", "two-easy", None, 66, turns=True),
)


@dataclass(frozen=True)
class Result:
    """A floor, and what was measured for it."""

    floor: str
    figure: str
    least: float
    measured: Estimate
    frames: int
    rooms: int

    @property
    def met(self) -> bool:
        """Whether the measured value reaches the floor."""
        return self.measured.value >= self.least


class Classical:
    """What the classical methods tell of a test split, each asked once.

    Parameters
        test : the split
    """

    def __init__(self, test: Dataset) -> None:
        self.test = test
        self._told: dict[tuple[str, str, str], NDArray[np.float64]] = {}

    def frames(self, task: Task, condition: str) -> Dataset:
        """Pick the frames that they are given."""
        frames = held(self.test, task, condition)
        return frames.where(spread(len(frames), CLASSICAL))

    def find(self, name: str, task: Task, condition: str) -> NDArray[np.float64]:
        """Tell the azimuths of these frames: degrees [n, sources]."""
        key = (name, task.name, condition)
        if key not in self._told:
            self._told[key] = find(name, self.frames(task, condition), task, progress=True)
        return self._told[key]

    def table(self, folder: Path = FOLDER) -> str:
        """Lay out how right they and our model are, as Markdown."""
        name, condition = COMPARED
        task = task_of(RECIPES[name].task)
        frames = self.frames(task, condition)
        told = {f"{name}, int8": hear(reference(folder / f"{name}.tflite"), frames, task)}
        told |= {method: self.find(method, task, condition) for method in NAMES}
        rows = [
            f"| {method} | {s.frames} | {' | '.join(str(getattr(s, f)) for f in FIGURES)} |"
            for method, degrees in told.items()
            for s in evaluate(degrees, frames, task)[:1]
        ]
        head = "| method | frames | exact % | within one % | gross % | mean error | median error |"
        return "\n".join([head, "|---" * 7 + "|", *rows])


def held(test: Dataset, task: Task, condition: str) -> Dataset:
    """Pick a condition's frames of a task."""
    inside = test["condition"] == list(CONDITIONS).index(condition)
    return test.where(inside & task.fits(test.fields))


def measure(
    floor: Floor, test: Dataset, folder: Path = FOLDER, classical: Classical | None = None
) -> list[Result]:
    """Measure a model in a floor's condition.

    Parameters
        test : the model's test split
        folder : where the models are
        classical : what the classical methods tell of the split, as far as they were asked
    Raises
        DatasetError: the test split does not hold the condition, or no audio
    """
    task = task_of(RECIPES[floor.model].task)
    frames = held(test, task, floor.condition)
    if not len(frames):
        raise DatasetError(f"{floor}: the test split holds no such frame")
    infer = reference(folder / f"{floor.model}.tflite")
    if floor.beside:
        classical = classical or Classical(test)
        frames = classical.frames(task, floor.condition)
        theirs = classical.find(floor.beside, task, floor.condition)
        exact, within_one = lead(hear(infer, frames, task), theirs, frames, task)
    else:
        degrees = hear(infer, frames, task, floor.average, turns=floor.turns)
        score = evaluate(degrees, frames, task)[0]
        exact, within_one = score.exact, score.within_one
    found = (("exact", floor.exact, exact), ("within one", floor.within_one, within_one))
    rooms = len(np.unique(frames["room"]))
    return [
        Result(str(floor), figure, least, measured, len(frames), rooms)
        for figure, least, measured in found
        if least is not None
    ]


def losses(name: str, folder: Path = FOLDER) -> list[Result]:
    """Compare int8 with float32 in every condition, as the model's card has them."""
    accuracy = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["accuracy"]
    single = {s["name"]: s for s in accuracy["float32"]}
    return [
        Result(f"{name}, {s['name']}, points of int8 ahead of float32", "exact", -LOSS,
               Estimate(*[s["exact"][0] - single[s["name"]]["exact"][0]] * 3), s["frames"],
               s["rooms"])
        for s in accuracy["scores"]
        if s["name"] in CONDITIONS and s["name"] in single
    ]  # fmt: skip


def table(results: Sequence[Result]) -> str:
    """Lay results out as a Markdown table."""
    rows = [
        f"| {r.floor} | {r.figure} | {r.least:g} | {_shown(r.measured)} | {r.frames} | {r.rooms} | "
        f"{'met' if r.met else f'missed by {r.least - r.measured.value:.1f}'} |"
        for r in results
    ]
    head = "| model, frames of | figure | floor % | measured | frames | rooms | |"
    return "\n".join([head, "|---" * 7 + "|", *rows])


def _shown(measured: Estimate) -> str:
    """Write a figure with its interval, if it has one."""
    one = measured.low == measured.high
    return f"{measured.value:.2f}" if one else str(measured)


def main() -> None:
    """Measure every floor; the exit code is 1 where one is missed."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description="Measure what the shipped models must reach."
    )
    parser.add_argument(
        "--work", type=Path, default=Path("out"), help="folder for data sets (%(default)s)"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the models")
    parser.add_argument("--model", choices=list(RECIPES), action="append", help="one model only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full test split")
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate rooms")
    parser.add_argument("--output", type=Path, help="also write a page of Markdown")
    given = parser.parse_args()
    results: list[Result] = []
    compared = ""
    try:
        for name in given.model or [n for n in RECIPES if (given.folder / f"{n}.tflite").is_file()]:
            floors = [floor for floor in FLOORS if floor.model == name]
            if floors:
                of = RECIPES[name].data
                test, heard = (
                    data(of, split, given.work, seed=given.seed, scale=given.scale,
                         workers=given.workers, progress=True)
                    for split in ("test", "classical" if "classical" in of.splits else "test")
                )  # fmt: skip
                classical = Classical(heard)
                results += [
                    r for floor in floors for r in measure(floor, test, given.folder, classical)
                ]
                if name == COMPARED[0]:
                    compared = classical.table(given.folder)
            results += losses(name, given.folder)
    except (DatasetError, ModelError, MissingExtraError) as error:
        parser.exit(1, f"{COMMAND}: {error}\n")
    print(f"{table(results)}\n\n{compared}")
    if given.output is not None:
        given.output.write_text(PAGE.format(table(results), compared), encoding="utf-8")
    parser.exit(int(not all(r.met for r in results)))


if __name__ == "__main__":
    main()
