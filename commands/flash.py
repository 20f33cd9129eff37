"""`otus flash`: load a board's bitstream, and ask the board what it is."""

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from ..boards import find
from ..boards.flash import ask, command_line, find_artefact, find_port, load, short_name
from ..driver.link import check_name
from .report import show


def main(
    board: str,
    geometry: str | None,
    clock_hz: int | None,
    device: str | None,
    keep: bool,
    output: Path,
    as_json: bool,
) -> None:
    """Load the bitstream that `otus build` made, and compare the board's identity."""
    console = Console(stderr=True, highlight=False)
    begin = time.monotonic()
    status: AbstractContextManager[Status | None] = (
        console.status("") if console.is_terminal else nullcontext()
    )
    with status as spinner:

        def tell(text: str) -> None:
            console.print(f"[dim]{time.monotonic() - begin:6.0f} s[/dim]  {text}", soft_wrap=True)
            if spinner:
                spinner.update(text)

        target = find(board)
        if device:
            check_name(device)
        tell("comparing the bitstream with the gateware")
        artefact = find_artefact(target, geometry, output, clock_hz)
        command = load(target, artefact, keep, tell)
        again = command_line("flash", target, geometry, output, clock_hz)
        found = device or find_port(target, again + " --keep" * keep, tell)
        ask(target, artefact, found, tell)
        port = short_name(target, found)
    values: dict[str, Any] = {
        "board": target.name,
        "geometry": artefact.report["geometry"],
        "build": artefact.report["build"],
        "clock_hz": artefact.clock_hz,
        "bitstream": str(artefact.path),
        "sha256": artefact.report["bitstream"]["sha256"],
        "command": command,
        "device": port,
        "seconds": round(time.monotonic() - begin, 1),
    }
    show(as_json, values, lambda: _text(values))


def _text(values: dict[str, Any]) -> str:
    port = values["device"]
    return (
        f"{values['board']}: build {values['build']} is loaded, and {port} answers with it: "
        f"{values['geometry']} at {values['clock_hz'] / 1e6:g} MHz; next: otus selftest {port}"
    )
