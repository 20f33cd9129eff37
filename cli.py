"""The command line. Each command's work is in `otus.commands`, imported when it is called."""

import sys
from pathlib import Path
from typing import Any

import click

from . import programs
from .commands import learning
from .commands.options import GEOMETRY_HELP, call, common

EXIT_FAILED = 1
EXIT_USAGE = 2


class _Commands(click.Group):
    """A group that reports errors in a sentence and leaves tracebacks to --debug."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn exceptions into a message and an exit code."""
        try:
            with programs.interruptible():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"otus: {_sentence(error)}", err=True)
            sys.exit(EXIT_FAILED)


def _sentence(error: Exception) -> str:
    """Say what went wrong: our errors and the system's say it themselves."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if type(error).__module__.startswith("otus."):
        return str(error)
    return f"internal error: {type(error).__name__}: {error} (otus --debug shows where)"


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@click.version_option(package_name="otus", prog_name="otus")
def main(debug: bool) -> None:
    """Direction of arrival on open FPGAs: from a recording to an angle.

    \b
    otus demo                  the shipped recording on the simulated accelerator
    otus locate RECORDING      angles of your own recording
    otus run MODEL ...         any quantised .tflite model on arrays of inputs
    otus compile MODEL         what a model becomes: layers, tiles, cycles
    otus models                the shipped models; their names stand for their files
    """


@main.command()
@common("device", "geometry", "oracle", "json")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("out/demo.png"),
    show_default=True,
    help="Where the picture goes.",
)
def demo(**options: Any) -> None:
    """Locate the shipped recording, and check every frame against the oracles.

    Six microphones, a simulated reverberant room, speech from known directions: frames, GCC-PHAT,
    the azimuth and elevation networks on the accelerator; then a table, a picture, cycles per
    inference, and how many frames are equal to the bit to the golden model and to tflite-micro.
    """
    call("demo", **options)


@main.command()
@click.argument("recording", type=click.Path(path_type=Path))
@common("device", "geometry", "oracle", "json")
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print comma-separated values, a row for every direction."
)
@click.option(
    "--model",
    default="azimuth",
    show_default=True,
    help="A shipped model (otus models), or a .tflite file with its card beside it.",
)
@click.option(
    "--elevation-model",
    metavar="MODEL",
    help="The elevation's model; 'none' leaves the elevation out.  "
    "[default: the shipped one that takes the same features as --model, if there is one]",
)
@click.option(
    "--average",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    metavar="FRAMES",
    help="Frames, up to each, whose probabilities are averaged; 64 ms each.",
)
@common("turns")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write a picture (PNG)."
)
def locate(**options: Any) -> None:
    """Say where the sound in RECORDING (WAV or FLAC) comes from, frame by frame.

    Channels must be in the order of the microphones of the array that the model's card names; a
    higher sample rate than the card's is resampled. Silent and clipped frames give no angle, and
    recordings with dead, doubled, inverted or exchanged channels are refused: docs/locate.md.

    \b
    otus locate talk.wav                           a table: time, azimuth, elevation, confidence
    otus locate talk.wav --csv > talk.csv          for a spreadsheet
    otus locate talk.wav --average 1 --plot a.png  every frame on its own, and a picture
    otus locate talk.wav --turns                   a little more often right, slower
    otus locate talk.wav --model azimuth-small --elevation-model none --device /dev/ttyUSB0
    """
    call("locate", **options)


@main.command()
@click.argument("model")
@click.option(
    "--input",
    "inputs",
    type=click.Path(path_type=Path),
    required=True,
    metavar="X.npy",
    help="Inputs [n, ...]: int8, or float32 that is quantised with the model's scale.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="Y.npy",
    help="Where the outputs [n, ...] go, in the model's own type.",
)
@common("device", "geometry", "oracle", "json")
def run(**options: Any) -> None:
    """Run MODEL, a .tflite file or the name of a shipped model, on arrays of inputs."""
    call("run", **options)


@main.command("compile")
@click.argument("model")
@common("geometry", "oracle", "json")
def compile_(**options: Any) -> None:
    """Show what MODEL becomes: what runs where, layers, tiles, buffer use, predicted cycles."""
    call("compile", **options)


@main.command()
@click.argument("device", default="sim")
@common("geometry", "json")
def info(**options: Any) -> None:
    """Ask DEVICE what it is: geometry, buffers, clock, build, contract version."""
    call("info", **options)


@main.command()
@click.argument("device", default="sim")
@common("geometry", "json")
@click.option(
    "--soak",
    type=click.FloatRange(0),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the link is under load.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Without any progress for so long a step has failed.",
)
def selftest(**options: Any) -> None:
    """Test DEVICE: identity, every memory, every multiplier, the link, whole networks.

    Steps rest on those before them: the first that fails names the part at fault and its likely
    cause. Whatever was loaded on the device is overwritten. --json is the report to send.
    """
    call("selftest", **options)


@main.command()
@common("geometry")
@click.option(
    "--tcp",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    help="Listen on this TCP port of 127.0.0.1 (0: any) instead of a pseudo-terminal.",
)
def serve(**options: Any) -> None:
    """Offer the simulated board as a serial port, until interrupted.

    Prints the device to give to --device: a pseudo-terminal, or socket://127.0.0.1:PORT.
    """
    call("serve", **options)


@main.command()
@click.option(
    "--geometry",
    "geometries",
    multiple=True,
    help=GEOMETRY_HELP + " May be given more than once. [default: 8x8 and 16x16; to stream, "
    "4x4,weight_words=512]",
)
@common("json")
@click.option("--model", default="azimuth", show_default=True, help="A model with its card.")
@click.option("--frames", type=click.IntRange(1), default=500, show_default=True)
@click.option(
    "--stream",
    is_flag=True,
    help="Measure how fast a model (any one) is streamed over a UART.",
)
@click.option(
    "--baud",
    "bauds",
    type=click.Choice(["3000000", "12000000"]),
    multiple=True,
    default=("3000000", "12000000"),
    help="Rates to stream at. [default: both]",
)
@click.option(
    "--weights",
    type=click.IntRange(1),
    default=32_768,
    show_default=True,
    help="To stream: take the model's first layers, with so many weights.",
)
def bench(stream: bool, frames: int, weights: int, bauds: tuple[str, ...], **options: Any) -> None:
    """Measure a model: cycles, utilisation, simulated inferences a second.

    \b
    otus bench --model azimuth-small --geometry 4x4
    otus bench --stream --baud 12000000 --weights 10000
    """
    if stream:
        call("streaming", weights=weights, bauds=tuple(map(int, bauds)), **options)
    else:
        call("bench", frames=frames, **options)


@main.command()
@common("json")
def boards(**options: Any) -> None:
    """List the boards: part, geometries, room for weights, link, and what was last measured.

    A board can be built with each geometry that is listed for it; the first is its default.
    """
    call("boards", **options)


@main.command()
@click.argument("board")
@click.option(
    "--geometry",
    metavar="GEOMETRY",
    help="One of the board's own (otus boards), or any other, as ROWSxCOLUMNS with options.",
)
@common("clock")
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Placements to try; the fastest becomes the bitstream.",
)
@click.option(
    "--tools",
    type=click.Choice(["auto", "yowasp", "native"]),
    default="auto",
    show_default=True,
    help="yosys and nextpnr: installed packages of PyPI (yowasp), programs on PATH (native), or "
    "the first where they are installed, else the second.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Seeds placed side by side.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=60,
    show_default=True,
    metavar="MINUTES",
    help="A program that takes longer is ended. A seed that nextpnr does not route in time is "
    "routed once more, with its router2; where that is late too, it has not met the clock, and the "
    "others go on.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build"),
    show_default=True,
    help="Folder; the results are in BOARD/GEOMETRY in it.",
)
@common("json")
def build(**options: Any) -> None:
    """Make the bitstream of BOARD: a name (otus boards) or a Python file that defines a board.

    \b
    otus build icebreaker --seeds 3      a board of the package
    otus build ./my_board.py             a board of your own: docs/adding-a-board.md
    otus build ./several.py:my-board     one of several in a file

    Elaborates the gateware, synthesises it, checks that no multiplier or memory was lost, places
    and routes it, and packs the fastest seed that meets the board's clock. Where none does, the
    command fails and there is no bitstream. Steps that are done are not done again.
    """
    call("build", **options)


@main.command()
@click.argument("board")
@click.option(
    "--geometry",
    metavar="GEOMETRY",
    help="The one that was built, where it is not the board's default.",
)
@common("clock")
@click.option(
    "--device",
    metavar="PORT",
    help="Where the board's link is, such as /dev/ttyUSB1.  "
    "[default: the one port that has the USB numbers of the board's bridge]",
)
@click.option(
    "--keep",
    is_flag=True,
    help="Write to the board's flash, so that it is there after power-off; some loaders always do.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build"),
    show_default=True,
    help="Folder that the build was given.",
)
@common("json")
def flash(**options: Any) -> None:
    """Load the bitstream of BOARD that `otus build` made.

    Refuses a bitstream that is missing, changed or older than the gateware. Afterwards it reads
    build, geometry and clock back over the link and compares them with the build's report. Where
    it finds no port that is the board's, or several, the bitstream is loaded, but the command
    fails and says what to type.
    """
    call("flash", **options)


for command in learning.COMMANDS:
    main.add_command(command)
