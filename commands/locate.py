"""`otus locate`: from a recording to angles."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy.typing as npt
from rich.table import Table

from .. import models
from ..doa import card
from ..doa.angles import TASKS
from ..doa.features import FeatureDefinition
from ..doa.locate import Located, locate
from ..doa.recording import read
from ..driver.compiler import Oracle
from .report import CommandError, render, replacing, show
from .session import Session

Floats = npt.NDArray[Any]


def main(
    recording: Path,
    model: str,
    elevation_model: str,
    average: int,
    plot: Path | None,
    device: str,
    geometry: str | None,
    oracle: Oracle,
    as_json: bool,
) -> None:
    """Locate and print; plot if asked."""
    files = {"azimuth": models.find(model)}
    if elevation_model != "none":
        files["elevation"] = models.find(elevation_model)
    definition = definition_of(files)
    if plot is not None:
        check_picture(plot)
    samples, _ = read(recording, definition)
    with Session(device, geometry, list(files.values()), oracle) as session:
        check_shapes(files, session, definition)
        callables = [inference(session, index) for index in range(len(files))]
        results = locate(samples, definition, *callables, average=average, progress=not as_json)
        figures = {task: session.figures(i) for i, task in enumerate(files)}
    if plot is not None:
        draw(results, plot, title=recording.name)
    values = {"frames": [dataclasses.asdict(r) for r in results], "models": figures}
    show(as_json, values, lambda: table(results))


def definition_of(files: dict[str, Path]) -> FeatureDefinition:
    """Read the feature definition of the models' cards, which must agree.

    Parameters
        files : the model of each task
    """
    definitions = {}
    for task, file in files.items():
        beside = file.with_suffix(".json")
        if not beside.is_file():
            raise CommandError(
                f"{file}: no card {beside.name} beside it; a model for recordings needs its card, "
                "since that holds the feature definition"
            )
        described, definition = card.read(beside)
        if described["task"] != task:
            raise CommandError(
                f"{file}: its card says that it tells {described['task']}, not {task}; give a "
                f"model of the task {task}"
            )
        definitions[file] = definition
    (first, expected), *others = definitions.items()
    for file, definition in others:
        if definition != expected:
            raise CommandError(
                f"{file} and {first}: their cards define different features; use models that "
                "were trained on the same definition"
            )
    return expected


def check_shapes(files: dict[str, Path], session: Session, definition: FeatureDefinition) -> None:
    """Refuse models whose tensors are not the features and classes of their cards."""
    for (task, file), program in zip(files.items(), session.programs, strict=True):
        expected = (definition.shape, (TASKS[task].classes.count,))
        found = (program.input.shape[1:], program.output.shape[1:])
        if found != expected:
            raise CommandError(
                f"{file}: takes {found[0]} and gives {found[1]}, its card says {expected[0]} and "
                f"{expected[1]}; take model and card from the same training"
            )


def inference(
    session: Session, index: int, keep: list[Any] | None = None
) -> Callable[[Floats], Floats]:
    """Return features [n, lags, pairs] -> probabilities [n, classes], on the session's device.

    Parameters
        keep : receives (int8 inputs, int8 outputs) of each call
    """
    program = session.programs[index]

    def infer(features: Floats) -> Floats:
        inputs = program.input.quantise(features)
        outputs = session.infer(index, inputs)
        if keep is not None:
            keep.append((inputs, outputs))
        return program.output.dequantise(outputs)

    return infer


def draw(results: list[Located], path: Path, **options: Any) -> None:
    """Write the picture."""
    from ..doa.plot import plot

    check_picture(path)
    with replacing(path) as file:
        plot(results, file.name, **options)


def check_picture(path: Path) -> None:
    """Refuse names that promise another format."""
    if path.suffix.lower() != ".png":
        raise CommandError(f"{path}: pictures are PNG files; name it {path.with_suffix('.png')}")


def table(results: list[Located]) -> str:
    """Format the frames as a table."""
    out = Table(box=None, header_style="bold")
    for heading in ("time s", "azimuth", "elevation", "confidence"):
        out.add_column(heading, justify="right")
    for r in results:
        if r.azimuth is None:
            out.add_row(f"{r.time:.2f}", "-", "-", "silent")
        else:
            elevation = "-" if r.elevation is None else f"{r.elevation:.0f}°"
            out.add_row(f"{r.time:.2f}", f"{r.azimuth:.0f}°", elevation, f"{r.confidence:.2f}")
    return render(out)
