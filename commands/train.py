"""`otus train`: a network from simulated frames, or a better one from a few recordings."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..doa import card
from ..doa.angles import TASKS, Task
from ..doa.angles import task as task_of
from ..doa.aware import Twin
from ..doa.dataset import Dataset
from ..doa.features import FeatureDefinition
from ..doa.finetune import mixed, recorded
from ..doa.network import REFERENCE, Widths, keras_file, load, save
from ..doa.train import exact, train
from .report import CommandError, show

#: Epochs where none are asked for: of a new network, of one that has learned already.
EPOCHS, FINE_EPOCHS = 30, 10


def main(
    dataset: Path | None,
    output: Path,
    task: str | None,
    widths: Widths | None,
    epochs: int | None,
    batch: int,
    seed: int,
    validation: Path | None,
    finetune: Path | None,
    recordings: Sequence[tuple[Path, tuple[float, ...]]],
    quantisation_aware: bool,
    as_json: bool,
) -> None:
    """Train and write the model."""
    keras_file(output)
    start, record = (None, None) if finetune is None else load(finetune)
    if record is not None:
        asked, wide = _as_before(record, task, widths)
    else:
        asked, wide = task_of(task or "azimuth"), widths or REFERENCE
    simulated = None if dataset is None else Dataset.load(dataset)
    watched = None if validation is None else Dataset.load(validation)
    learn = simulated
    if recordings:
        if record is None:
            raise CommandError(
                "recordings alone do not teach a network: they make a trained one better; give it "
                "with --finetune MODEL.keras"
            )
        learn = recorded(dict(recordings), asked, FeatureDefinition.from_dict(record["features"]))
        if simulated is not None:
            learn = mixed(learn, simulated, asked, seed)
    if quantisation_aware and start is None:
        raise CommandError(
            "--quantisation-aware: a network learns on its own first; give the trained one with "
            "--finetune MODEL.keras"
        )
    if learn is None:
        raise CommandError("nothing to learn from: give a data set (otus dataset makes one)")
    told: list[str] = []

    def report(line: str) -> None:
        told.append(line)
        if not as_json:
            click.echo(line, err=True)

    if start is not None and watched is not None:
        share = exact(start, watched.where(asked.fits(watched.fields)), asked)
        report(f"{asked.name}: before: validation {share:.1f} % exact")
    epochs = epochs or (EPOCHS if start is None else FINE_EPOCHS)
    twin = Twin(start, learn.features) if quantisation_aware else None
    model = train(
        learn,
        asked,
        widths=wide,
        start=start if twin is None else twin.network,
        validation=watched,
        epochs=epochs,
        batch=batch,
        seed=seed,
        report=report,
    )
    if twin is not None:
        twin.finish()
        model = twin.model
    made = card.training(
        asked,
        learn.definition,
        [s for s in (simulated, watched) if s is not None],
        widths=wide,
        epochs=epochs,
        seed=seed,
        command=f"otus {shlex.join(sys.argv[1:])}",
    )
    if record is not None:
        heard = [{"file": path.name, "degrees": list(at)} for path, at in recordings]
        made |= {
            "recordings": heard,
            "quantisation_aware": quantisation_aware,
            "tuned_from": record,
        }
    save(model, output, made)
    values: dict[str, Any] = {
        "model": str(output),
        "task": asked.name,
        "frames": int(asked.fits(learn.fields).sum()),
        "parameters": int(model.count_params()),
        "epochs": told,
    }
    text = (
        f"{output}: {asked.name}, {values['parameters']} parameters, learned from "
        f"{values['frames']} frames\nnext: otus quantise {output} --data FRAMES.npz "
        f"-o {output.with_suffix('.tflite')}"
    )
    show(as_json, values, lambda: text)


def _as_before(
    record: dict[str, Any], task: str | None, widths: Widths | None
) -> tuple[Task, Widths]:
    """Take task and widths from a trained network's record; refuse other ones."""
    was, wide = TASKS[record["task"]], tuple(record["widths"])
    if task not in (None, was.name) or widths not in (None, wide):
        raise CommandError(
            f"--finetune: the network is for {was.name} with widths "
            f"{','.join(map(str, wide))}; leave --task and --widths out, or train a new one"
        )
    return was, (wide[0], wide[1], wide[2])
