"""`otus locate`: from a recording to angles."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy.typing as npt
from rich.table import Table

from .. import models
from ..doa import card
from ..doa.angles import TASKS
from ..doa.errors import RecordingError
from ..doa.features import FeatureDefinition
from ..doa.locate import Located, locate
from ..doa.prepare import Recording, prepare
from ..doa.recording import read
from ..driver.compiler import Oracle
from ..files import replacing
from .report import CommandError, render, show
from .session import Session

Floats = npt.NDArray[Any]


def main(
    recording: Path,
    model: str,
    elevation_model: str | None,
    average: int,
    turns: bool,
    plot: Path | None,
    device: str,
    geometry: str | None,
    oracle: Oracle,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Locate and print; plot if asked."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other; choose one")
    files = chosen(model, elevation_model)
    definition = definition_of(files)
    if plot is not None:
        check_picture(plot)
    heard = prepared(recording, definition)
    with Session(device, geometry, list(files.values()), oracle) as session:
        check_shapes(files, session, definition)
        networks = {task: inference(session, k) for k, task in enumerate(files)}
        quiet = as_json or as_csv
        results = locate(heard, networks, average=average, turns=turns, progress=not quiet)
        figures = {task: session.figures(k) for k, task in enumerate(files)}
    if plot is not None:
        draw(results, plot, title=recording.name)
    if as_csv:
        for note in heard.notes:
            click.echo(f"{recording}: {note}", err=True)
        click.echo(rows(results), nl=False)
        return
    values = {
        "recording": str(recording),
        "notes": list(heard.notes),
        "average": average,
        "turns": turns,
        "frames": [r.to_dict() for r in results],
        "models": figures,
    }
    show(as_json, values, lambda: table(results, heard.notes))


def chosen(model: str, elevation_model: str | None) -> dict[str, Path]:
    """Find the model of each task.

    Parameters
        model : name or file, of any task
        elevation_model : the same; "none" for no elevation; None for the first shipped one that
            takes the same features, if there is any
    """
    file = models.find(model)
    described, definition = card_of(file)
    task = described["task"]
    files = {task: file}
    single = TASKS[task].field == "azimuth" and TASKS[task].sources == 1
    if elevation_model is None and single:
        for name in models.names():
            other, takes = card_of(models.find(name))
            if other["task"] == "elevation" and takes == definition:
                return {**files, "elevation": models.find(name)}
    if elevation_model not in (None, "none"):
        if not single:
            raise CommandError(
                f"{model} tells {task}, and no elevation goes with that; leave --elevation-model "
                "out, or choose a model of the azimuth"
            )
        files["elevation"] = models.find(str(elevation_model))
    return files


def prepared(recording: Path, definition: FeatureDefinition) -> Recording:
    """Read and prepare a recording; where its channels do not fit, name models that they fit."""
    samples, fs = read(recording)
    try:
        return prepare(samples, fs, definition, str(recording))
    except RecordingError as error:
        mics = len(samples)
        fitting = [
            f"{name} ({takes.array.name})"
            for name in models.names()
            if (takes := card_of(models.find(name))[1]).array.mics == mics
        ]
        if mics == definition.array.mics or not fitting:
            raise
        raise CommandError(
            f"{error}, or use a model for {mics} microphones: {', '.join(fitting)}"
        ) from error


def card_of(file: Path) -> tuple[dict[str, Any], FeatureDefinition]:
    """Read the card beside a model."""
    if not file.is_file():
        raise CommandError(
            f"{file}: no such model; give a .tflite file, or one of {', '.join(models.names())}"
        )
    beside = file.with_suffix(".json")
    if not beside.is_file():
        raise CommandError(
            f"{file}: no card {beside.name} beside it; a model for recordings needs its card, "
            f"since that holds the feature definition (shipped models: {', '.join(models.names())})"
        )
    return card.read(beside)


def definition_of(files: dict[str, Path]) -> FeatureDefinition:
    """Read the feature definition of the models' cards, which must agree.

    Parameters
        files : the model of each task
    """
    definitions = {}
    for task, file in files.items():
        described, definition = card_of(file)
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


def table(results: list[Located], notes: tuple[str, ...] = ()) -> str:
    """Format the frames as a table; further sources of a frame have a row of their own."""
    out = Table(box=None, header_style="bold")
    for heading in ("time s", "azimuth", "elevation", "confidence"):
        out.add_column(heading, justify="right")
    for r in results:
        if not r.directions:
            out.add_row(f"{r.time:.2f}", "-", "-", r.state)
        for number, d in enumerate(r.directions):
            angles = (
                "-" if angle is None else f"{angle:.0f}°" for angle in (d.azimuth, d.elevation)
            )
            out.add_row("" if number else f"{r.time:.2f}", *angles, f"{d.confidence:.2f}")
    count = sum(r.active for r in results)
    lines = [render(out).rstrip("\n"), "", f"{count} of {len(results)} frames have a direction"]
    return "\n".join([*lines, *(f"note: {note}" for note in notes)])


def rows(results: list[Located]) -> str:
    """Format the frames as comma-separated values, a row for every direction."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("time", "state", "azimuth", "elevation", "confidence"))
    for r in results:
        if not r.directions:
            writer.writerow((f"{r.time:.3f}", r.state, "", "", ""))
        for d in r.directions:
            angles = ("" if a is None else f"{a:.1f}" for a in (d.azimuth, d.elevation))
            writer.writerow((f"{r.time:.3f}", r.state, *angles, f"{d.confidence:.3f}"))
    return out.getvalue()
