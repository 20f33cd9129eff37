"""A progress bar for long work."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track as bar

T = TypeVar("T")


def track(items: Sequence[T], label: str, show: bool) -> Iterable[T]:
    """Iterate over `items`, with a bar on standard error if `show`; it goes when it is full."""
    if not show:
        return items
    return bar(items, label, console=Console(stderr=True), transient=True)
