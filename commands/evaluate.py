"""`otus evaluate`: how often a model is right, beside float32 and the classical methods."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table

from .. import models
from ..doa import baselines
from ..doa.angles import TASKS, Task
from ..doa.conditions import CONDITIONS
from ..doa.confusion import plot as draw
from ..doa.dataset import Dataset
from ..doa.evaluate import BANDS, GROSS, Estimate, Score, by_band, evaluate, hear, spread
from ..doa.features import FeatureDefinition
from ..doa.network import inference, load
from ..driver.compiler import Oracle
from ..files import replacing
from .locate import card_of, check_picture
from .report import CommandError, render, show, tracked
from .session import Int8Array, Session

Floats = npt.NDArray[Any]
#: Frames that are computed at a time.
BLOCK = 64
#: What tables call the model on the accelerator, and the network that it came from.
INT8, FLOAT = "int8", "float32"


def main(
    model: str,
    dataset: Path,
    single: Path | None,
    average: int,
    turns: bool,
    gateware: int,
    classical: int,
    plot: Path | None,
    geometry: str | None,
    oracle: Oracle,
    as_json: bool,
) -> None:
    """Evaluate, print and plot."""
    if plot is not None:
        check_picture(plot)
    file = models.find(model)
    described, definition = card_of(file)
    task = TASKS[described["task"]]
    frames = _frames(dataset, task, definition)
    network = None if single is None else _network(single, task, definition)
    with Session("golden", geometry, [file], oracle) as session:
        kept: list[Int8Array] = []

        def infer(features: Floats) -> Floats:
            kept.append(_infer(session, features, "golden model", as_json))
            return session.programs[0].output.dequantise(kept[-1])

        found = {INT8: hear(infer, frames, task, average, turns=turns)}
    # The first turn is none.
    equal = _gateware(file, frames, kept[0], gateware, geometry, oracle, as_json)
    if network is not None:
        found[FLOAT] = hear(network, frames, task, average, turns=turns)
    picked = spread(len(frames), classical or len(frames))
    some = frames.where(picked)
    beside = {name: degrees[picked] for name, degrees in found.items()}
    if classical:
        beside |= _classical(some, task, average, as_json)
    scores = {name: evaluate(degrees, frames, task) for name, degrees in found.items()}
    compared = {name: evaluate(degrees, some, task) for name, degrees in beside.items()}
    by = {name: by_band(degrees, some, task) for name, degrees in beside.items()}
    if plot is not None:
        with replacing(plot) as picture:
            draw(found, frames, task, picture.name, beside=beside, some=some,
                 title=f"{model} on {dataset.name}")  # fmt: skip
    values = {
        "model": model,
        "task": task.name,
        "dataset": str(dataset),
        "frames": len(frames),
        "average": average,
        "turns": turns,
        "gateware": equal,
        "scores": {name: [s.to_dict() for s in each] for name, each in scores.items()},
        "compared_frames": len(some),
        "compared": {name: [s.to_dict() for s in each] for name, each in compared.items()},
        "by": {
            name: {field: [s.to_dict() for s in each] for field, each in fields.items()}
            for name, fields in by.items()
        },
    }
    show(as_json, values, lambda: _text(values, scores[INT8], compared, by))


def _frames(path: Path, task: Task, definition: FeatureDefinition) -> Dataset:
    """Load the frames that the task is about; refuse other features."""
    data = Dataset.load(path)
    if data.definition != definition:
        raise CommandError(
            f"{path}: its features ({data.definition.array.name}, {data.definition.shape}) are not "
            f"those of the model ({definition.array.name}, {definition.shape}); make it with the "
            "model's array and feature definition"
        )
    frames = data.where(task.fits(data.fields))
    if not len(frames):
        raise CommandError(
            f"{path}: no frame with the {task.sources} known source(s) of the task {task.name}"
        )
    return frames


def _network(path: Path, task: Task, definition: FeatureDefinition) -> Any:
    """Load the float32 network that is to be compared."""
    network, record = load(path)
    if record["task"] != task.name or record["features"] != definition.to_dict():
        raise CommandError(
            f"{path}: a network for {record['task']} of {record['features']['array']}, the model "
            f"is for {task.name} of {definition.array.name}; give the one it was made from"
        )
    return inference(network)


def _infer(session: Session, features: Floats, label: str, quiet: bool) -> Int8Array:
    """Run features through the session's only model: int8 [n, classes]."""
    inputs = session.programs[0].input.quantise(features)
    blocks = [inputs[at : at + BLOCK] for at in range(0, len(inputs), BLOCK)]
    shown = tracked(blocks, len(blocks), label, quiet)
    return np.concatenate([session.infer(0, block) for block in shown])


def _gateware(
    file: Path,
    frames: Dataset,
    outputs: Int8Array,
    wanted: int,
    geometry: str | None,
    oracle: Oracle,
    quiet: bool,
) -> dict[str, int] | None:
    """Run some frames on the simulated gateware; a single byte that differs is a failure."""
    if not wanted:
        return None
    mask = spread(len(frames), wanted)
    with Session("sim", geometry, [file], oracle) as session:
        counted = _infer(session, frames.features[mask], "simulated gateware", quiet)
    equal = int((counted == outputs[mask]).all(axis=1).sum())
    if equal != mask.sum():
        raise CommandError(
            f"the gateware differs from the golden model in {mask.sum() - equal} of {mask.sum()} "
            "frames: a defect of the accelerator; please report it with the model"
        )
    return {"frames": int(mask.sum()), "identical": equal}


def _classical(some: Dataset, task: Task, average: int, quiet: bool) -> dict[str, Floats]:
    """Let the classical methods tell the azimuths of the same frames."""
    if task.field != "azimuth" or average > 1:
        raise CommandError(
            "--classical: the classical methods tell the azimuth of single frames; leave it out "
            f"for {'--average' if average > 1 else f'the task {task.name}'}"
        )
    names = baselines.NAMES if task.sources == 1 else tuple(baselines.METHODS)
    return {name: baselines.find(name, some, task, progress=not quiet) for name in names}


def _text(
    values: dict[str, Any],
    detail: list[Score],
    compared: dict[str, list[Score]],
    by: dict[str, dict[str, list[Score]]],
) -> str:
    lines = [
        f"{values['model']} ({values['task']}) on {values['dataset']}: {values['frames']} frames"
        + (f", averages of {values['average']}" if values["average"] > 1 else "")
        + (", every one heard in all turns of the array" if values["turns"] else "")
    ]
    if values["gateware"]:
        lines.append(
            f"simulated gateware: identical to the golden model in {values['gateware']['frames']} "
            "frames"
        )
    lines += ["", render(_table({"int8, all frames": detail}))]
    if len(compared) > 1 or values["compared_frames"] < values["frames"]:
        each = {name: [s for s in scores if s.name in CONDITIONS]
                for name, scores in compared.items()}  # fmt: skip
        lines += [f"the same {values['compared_frames']} frames:", "", render(_table(each))]
    lines += [render(_beside(by, values["compared_frames"]))]
    lines.append(
        f"one class is {TASKS[values['task']].classes.step:g} degrees; gross: more than "
        f"{GROSS:g} degrees off; intervals: 95 %, rooms and source material drawn again"
    )
    return "\n".join(lines)


def _short(e: Estimate) -> str:
    """Write a figure and its interval so that a row of them fits a terminal."""
    low, high = (f"{v:.1f}" if v < 10 else f"{v:.0f}" for v in (e.low, e.high))
    return f"{e.value:.1f} ({low}-{high})"


def _columns(*headings: str) -> Table:
    """Make a table: a column of names, then one for each heading."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _table(scores: dict[str, list[Score]]) -> Table:
    """Lay scores out: a heading for each method, a row for each group of frames."""
    table = _columns("frames of", "frames", "exact %", "within one %", "gross %", "mean °",
                     "median °")  # fmt: skip
    for method, each in scores.items():
        table.add_row(f"{method}:")
        for s in each:
            figures = (s.exact, s.within_one, s.gross, s.mean_error, s.median_error)
            table.add_row(f"  {s.name}", str(s.frames), *map(_short, figures))
    return table


def _beside(by: dict[str, dict[str, list[Score]]], frames: int) -> Table:
    """Lay the exact class of every method out by band: a row a band, a column a method."""
    table = _columns(f"exact %, {frames} frames", "frames", *by)
    for field in BANDS:
        for row in zip(*(fields[field] for fields in by.values()), strict=True):
            table.add_row(row[0].name, str(row[0].frames), *(_short(s.exact) for s in row))
    return table
