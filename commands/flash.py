"""`otus flash`: load a board's bitstream, and ask the board what it is."""

import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from ..boards import find
from ..boards.flash import ask, find_artefact, load
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
        tell("comparing the bitstream with the gateware")
        artefact = find_artefact(target, geometry, output, clock_hz, board)
        command = load(target, artefact, keep, tell)
        identity = ask(target, artefact, device, tell) if device else None
    values: dict[str, Any] = {
        "board": target.name,
        "geometry": artefact.report["geometry"],
        "build": artefact.report["build"],
        "clock_hz": artefact.clock_hz,
        "bitstream": str(artefact.path),
        "sha256": artefact.report["bitstream"]["sha256"],
        "command": command,
        "answered": identity is not None,
        "seconds": round(time.monotonic() - begin, 1),
    }
    show(as_json, values, lambda: _text(values, device))


def _text(values: dict[str, Any], device: str | None) -> str:
    loaded = f"{values['board']}: build {values['build']} is loaded"
    if device is None:
        return (
            f"{loaded}; --device PORT asks the board what it is, and otus selftest PORT tests all "
            "of it"
        )
    return (
        f"{loaded}, and {device} answers with it: {values['geometry']} at "
        f"{values['clock_hz'] / 1e6:g} MHz; next: otus selftest {device}"
    )
