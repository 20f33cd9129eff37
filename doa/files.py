"""Files that are there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import DatasetError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to, and put that file in place once it is written.

    Raises
        DatasetError: it cannot be written, for want of space or of rights
    """
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise DatasetError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        part.unlink(missing_ok=True)
