"""`otus selftest`: does this board do what the gateware says?"""

import importlib.metadata
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from .. import models
from ..arch.geometry import Geometry
from ..driver.link import open_link
from ..driver.selftest import STEPS, KnownAnswer, Report, selftest
from .report import geometry_of, show

#: Inputs and tflite-micro's outputs for the shipped models, and a small one for small devices.
ANSWERS = models.FOLDER / "known_answers.npz"


def main(device: str, geometry: str | None, soak: float, timeout: float, as_json: bool) -> None:
    """Run every step, print what was found; exit with 1 where one failed."""
    asked = Geometry.parse(geometry) if geometry else None
    link = open_link(device, geometry_of(geometry))
    try:
        with _bar(hidden=as_json) as progress:
            report = selftest(
                link,
                known_answers(),
                soak,
                timeout,
                # A repeat means a loss, and must not come from a busy computer.
                retry=max(1.0, timeout / 10),
                progress=progress,
                geometry=asked,
            )
    finally:
        link.close()
    values = {
        "device": device,
        "otus": importlib.metadata.version("otus"),
        "python": platform.python_version(),
        "host": platform.platform(),
        **report.as_dict(),
    }
    show(as_json, values, lambda: _text(report))
    if not report.ok:
        sys.exit(1)


def known_answers() -> list[KnownAnswer]:
    """Read the shipped networks' inputs and expected outputs."""
    with np.load(ANSWERS) as file:
        small = file["small_model"].tobytes()
        sources = {name: models.find(name).read_bytes() for name in models.names()}
        return [
            KnownAnswer(name, data, file[f"{name}_inputs"], file[f"{name}_outputs"])
            for name, data in {"small": small, **sources}.items()
        ]


@contextmanager
def _bar(hidden: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show the step under way on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns, console=console, transient=True, disable=hidden or not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=None)

        def tell(step: str, done: int, total: int) -> None:
            progress.update(task, description=STEPS[step], completed=done, total=total)

        yield tell


def _text(report: Report) -> str:
    lines = []
    if report.identity is not None:
        identity = report.identity
        clock = f"{identity.clock_hz / 1e6:g} MHz" if identity.clock_hz else "no clock (simulated)"
        lines += [f"{identity.geometry.name}, {clock}, build {identity.build:08x}", ""]
    for step in report.steps:
        mark = {True: "ok", False: "FAILED", None: "not run"}[step.ok]
        time = f"{step.seconds:6.1f} s" if step.ok is not None else ""
        lines.append(f"{mark:8}{step.title:46}{time:9}  {_figures(step.figures)}".rstrip())
    failed = next((step for step in report.steps if step.ok is False), None)
    if failed is None:
        return "\n".join([*lines, "", "passed"])
    return "\n".join([*lines, "", failed.failure, f"likely: {failed.cause}"])


def _figures(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items() if value != "")
