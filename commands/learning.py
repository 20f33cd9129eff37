"""The commands that make data sets, and make, judge and list models."""

import math
from pathlib import Path
from typing import Any

import click

from .options import call, common

#: As `otus.doa.angles` has them; a test compares.
TASKS = ("azimuth", "azimuth-360", "elevation", "two-source")

_FILE = click.Path(dir_okay=False, path_type=Path)


def _widths(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Read `64,64,100`."""
    if value is None:
        return None
    parts = value.split(",")
    if len(parts) != 3 or not all(p.isdecimal() and 0 < int(p) <= 2048 for p in parts):
        raise click.BadParameter(
            f"{value!r}: allowed are three integers from 1 to 2048, e.g. 64,64,100"
        )
    return tuple(map(int, parts))


def _labelled(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[Path, tuple[float, ...]]]:
    """Read `hall.wav=120`, or `two.wav=120,210`: a recording and where its sources are."""
    found = []
    for value in values:
        name, _, degrees = value.rpartition("=")
        try:
            angles = tuple(float(part) for part in degrees.split(","))
        except ValueError:
            angles = ()
        if not name or not angles or not all(map(math.isfinite, angles)):
            raise click.BadParameter(
                f"{value!r}: allowed is a file and its direction, e.g. hall.wav=120"
            )
        found.append((Path(name), angles))
    return found


@click.command()
@click.argument("out", type=_FILE, required=False)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test", "demo"]),
    default="train",
    show_default=True,
    help="Splits share neither rooms nor voices, utterances, files, noises.",
)
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    default=("hard",),
    show_default=True,
    metavar="NAME",
    help="hard, easy, hard-high, easy-high, reference, two or two-easy (docs/datasets.md). Given "
    "more than once, they are taken in turn, one a room.",
)
@click.option("--rooms", type=click.IntRange(1), default=100, show_default=True)
@click.option(
    "--clips",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Clips of 1.2 s in each room, each with its own sources and place of the array.",
)
@click.option(
    "--array",
    default="uma8",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="Microphones and features: uma8, uma8-centre, respeaker4, reference-13, reference-25, "
    "reference-25x2, reference-39, or a file.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--utterances",
    type=click.IntRange(1),
    help="Sentences that espeak-ng speaks to choose from; one a clip, at most 400, if not given.",
)
@click.option(
    "--source-folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Recordings (WAV, FLAC, Ogg) to sound in place of synthetic speech; each file belongs to "
    "one split, by its content.",
)
@click.option(
    "--no-speech",
    "speech",
    flag_value=False,
    default=True,
    is_flag=True,
    help=("Noise and bursts alone, where espeak-ng is not installed."),
)
@click.option("--audio", is_flag=True, help="Keep the samples of every frame beside its features.")
@click.option("--workers", type=click.IntRange(1), help="Processes; one a core, if not given.")
@click.option("--bench", is_flag=True, help="Measure frames a second on one core; makes no file.")
@common("json")
def dataset(**options: Any) -> None:
    """Simulate rooms and write what an array hears in them, with the truth, to OUT (.npz).

    \b
    otus dataset train.npz --rooms 1500 --condition hard --condition easy
    otus dataset test.npz --split test --rooms 100 --audio
    otus dataset desk.npz --array desk.toml --source-folder ~/speech
    otus dataset --bench --rooms 20

    The same seed gives the same bytes, whatever the number of workers. An interrupted run leaves
    its rooms in OUT.work; the same command goes on from there.
    """
    call("dataset", **options)


@click.command()
@click.argument("dataset", type=_FILE, required=False)
@click.option(
    "-o", "--output", type=_FILE, required=True, metavar="MODEL.keras", help="Where it goes."
)
@click.option(
    "--task", type=click.Choice(TASKS), help="What the network tells.  [default: azimuth]"
)
@click.option(
    "--widths",
    callback=_widths,
    metavar="WIDTHS",
    help="Filters of both convolutions, units of the dense layer.  [default: 64,64,100]",
)
@click.option(
    "--epochs", type=click.IntRange(1), help="[default: 30; 10 with --finetune]", metavar="N"
)
@click.option("--batch", type=click.IntRange(1), default=256, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option(
    "--validation", type=_FILE, metavar="DATASET.npz", help="Frames to score after each epoch."
)
@click.option(
    "--finetune",
    type=_FILE,
    metavar="MODEL.keras",
    help="Go on with a trained network, not with a shipped .tflite model.",
)
@click.option(
    "--recording",
    "recordings",
    callback=_labelled,
    multiple=True,
    metavar="FILE=DEGREES",
    help="With --finetune: a real recording and the direction of its source in degrees (of the "
    "model's task; two with a comma for two sources). May be given more than once.",
)
@click.option(
    "--quantisation-aware",
    is_flag=True,
    help="With --finetune: the network computes as its int8 file will while it learns, and loses "
    "less by it.",
)
@common("json")
def train(**options: Any) -> None:
    """Train a network on DATASET, the frames that `otus dataset` made.

    Every frame is shown turned and mirrored as the array's symmetry allows. With --finetune a
    trained network goes on learning: from DATASET, from recordings, or from both, a quarter of the
    frames then being real. It is a .keras file that `otus train` wrote; the shipped models are int8
    and cannot go on learning.

    \b
    otus train train.npz --validation validation.npz -o azimuth.keras
    otus train train.npz --widths 16,16,32 --epochs 60 -o small.keras
    otus train --finetune azimuth.keras --recording hall.wav=120 -o hall.keras
    otus train train.npz --finetune azimuth.keras --quantisation-aware -o aware.keras
    """
    call("train", **options)


@click.command()
@click.argument("model", type=_FILE)
@click.option(
    "--data",
    type=_FILE,
    required=True,
    metavar="DATASET.npz",
    help="Typical frames, such as those of the training: they set the ranges.",
)
@click.option(
    "-o", "--output", type=_FILE, required=True, metavar="MODEL.tflite", help="Where it goes."
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="How many of the frames are used.",
)
@common("json")
def quantise(**options: Any) -> None:
    """Make the int8 .tflite file of MODEL, which `otus train` wrote, and its card.

    Weights, activations, input and output are int8: the accelerator takes the file as it is. The
    card, a .json file beside it, holds the features that the model was trained for.

    \b
    otus quantise azimuth.keras --data train.npz -o azimuth.tflite
    """
    call("quantise", **options)


@click.command()
@click.argument("model")
@click.argument("dataset", type=_FILE)
@click.option(
    "--float",
    "single",
    type=_FILE,
    metavar="MODEL.keras",
    help="The network that the model was made from, to compare with.",
)
@click.option(
    "--average",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Frames of a clip whose probabilities are averaged.",
)
@common("turns")
@click.option(
    "--gateware",
    type=click.IntRange(0),
    default=50,
    show_default=True,
    metavar="FRAMES",
    help="How many frames also run on the simulated gateware; all bytes must be equal.",
)
@click.option(
    "--classical",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="FRAMES",
    help="On how many frames SRP-PHAT, MUSIC, NormMUSIC and GCC-PHAT are compared; the data set "
    "must hold audio.",
)
@click.option(
    "--plot",
    type=_FILE,
    help="Write a picture (PNG): confusion matrix, error curves, every method by SNR, RT60 and "
    "distance.",
)
@common("geometry", "oracle", "json")
def evaluate(**options: Any) -> None:
    """Say how often MODEL, a .tflite file or a shipped model, is right on DATASET.

    All frames run on the golden model, which equals the accelerator to the bit. Intervals are
    95 %, by drawing rooms and source material again: frames of one room or one utterance are alike.

    \b
    otus evaluate azimuth test.npz
    otus evaluate azimuth test.npz --average 4
    otus evaluate azimuth test.npz --turns
    otus evaluate mine.tflite test.npz --float mine.keras --classical 1000 --plot mine.png
    """
    call("evaluate", **options)


@click.command()
@click.argument("name", required=False)
@common("json")
def models(**options: Any) -> None:
    """List the shipped models, or show the card of one.

    Wherever a command takes a MODEL, such a name stands for the file.
    """
    call("models", **options)


COMMANDS = (dataset, train, quantise, evaluate, models)
