"""A progress bar for long work."""

from collections.abc import Iterable
from typing import TypeVar

from rich.console import Console
from rich.progress import track as bar

T = TypeVar("T")


def track(items: Iterable[T], label: str, show: bool, total: int | None = None) -> Iterable[T]:
    """Iterate over `items`; if `show`, with a bar where standard error is a terminal.

    Parameters
        total : how many items there are, where they have no length
    """
    console = Console(stderr=True)
    if not show or not console.is_terminal:
        return items
    return bar(items, label, total=total, console=console, transient=True)
