"""A progress bar for long work."""

from collections.abc import Iterable
from typing import TypeVar

from rich.console import Console
from rich.progress import track as bar

T = TypeVar("T")


def track(items: Iterable[T], label: str, show: bool, total: int | None = None) -> Iterable[T]:
    """Iterate over `items`, with a bar on standard error if `show`; it goes when it is full.

    Parameters
        total : how many items there are, where they have no length
    """
    if not show:
        return items
    return bar(items, label, total=total, console=Console(stderr=True), transient=True)
