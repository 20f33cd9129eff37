"""Options that commands share, and the call of a command's module."""

import importlib
import re
from collections.abc import Callable
from typing import Any

import click

DEVICE_HELP = (
    "Where to compute: 'sim' (the simulated accelerator, the default), 'golden' (its numerical "
    "model, fast, counts no cycles), a serial port such as /dev/ttyUSB0, or socket://HOST:PORT."
)
GEOMETRY_HELP = (
    "Array of the simulated device: ROWSxCOLUMNS or ROWSxCOLUMNSxPOSITIONS, then options, for "
    "example 8x8 or 16x16,requantise_lanes=1,weight_words=1024. A board knows its own."
)
ORACLE_HELP = "Runtime whose int8 results are reproduced bit for bit."

#: Extras of the package that have what a command needs; `demo` for all others.
EXTRAS = {
    **dict.fromkeys(("boards", "build", "flash"), "boards"),
    **dict.fromkeys(("dataset", "train"), "train"),
    "quantise": "train,oracle",
    "evaluate": "train,demo",
}


def _hertz(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """Read a clock, a number of MHz with up to six decimals, as whole hertz."""
    if value is None:
        return None
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", value):
        raise click.BadParameter(f"{value!r} is no clock in MHz, such as 24 or 62.5")
    return round(1e6 * float(value))


def call(command: str, **options: Any) -> None:
    """Import a command's module and run it.

    Raises
        ClickException: a package is missing; says the line that installs what the command needs
    """
    try:
        function: Callable[..., None] = importlib.import_module(f"otus.commands.{command}").main
        # Boards are imported only where they are looked for.
        function(**options)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "otus"):
            raise
        raise click.ClickException(
            f"{command} needs the package {package}, which is not installed; run: pip install "
            f'"otus[{EXTRAS.get(command, "demo")}]"'
        ) from error


def common(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add options that several commands share."""
    options = {
        "device": click.option("--device", default="sim", show_default=True, help=DEVICE_HELP),
        "geometry": click.option("--geometry", metavar="GEOMETRY", help=GEOMETRY_HELP),
        "oracle": click.option(
            "--oracle",
            type=click.Choice(["tflm", "litert"]),
            default="tflm",
            show_default=True,
            help=ORACLE_HELP,
        ),
        "clock": click.option(
            "--clock",
            "clock_hz",
            metavar="MHZ",
            callback=_hertz,
            help="Clock of the accelerator, where it is not to be the board's own. What is built "
            "for it has a folder of its own.",
        ),
        "turns": click.option(
            "--turns",
            is_flag=True,
            help="Hear every frame in all turns of the array that move microphones onto "
            "microphones, and average: a little more often right, six inferences a frame for a "
            "ring of six.",
        ),
        "json": click.option("--json", "as_json", is_flag=True, help="Print JSON for machines."),
    }

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        for name in reversed(names):
            function = options[name](function)
        return function

    return decorate
