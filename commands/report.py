"""What the commands share: JSON or text, progress bars."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..arch.errors import ContractError
from ..arch.geometry import NAMED, Geometry

_Item = TypeVar("_Item")


class CommandError(ContractError):
    """A command that cannot do what it was asked."""


def show(as_json: bool, values: dict[str, Any], text: Callable[[], str]) -> None:
    """Print `values` as JSON, or what `text` returns."""
    click.echo(json.dumps(values, indent=2) if as_json else text().rstrip("\n"))


def tracked(items: Iterable[_Item], total: int, label: str, quiet: bool = False) -> Iterator[_Item]:
    """Pass items on, with a progress bar on standard error where that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(label, total=total)
        for item in items:
            yield item
            progress.advance(task)


def render(table: Table) -> str:
    """Render a table as plain text."""
    console = Console(width=120, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def geometry_of(text: str | None) -> Geometry:
    """Read a geometry; the default one where none is given."""
    return Geometry.parse(text) if text else NAMED["default"]
