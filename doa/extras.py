"""Packages of the extras, imported where they are used, with an error that says what to install."""

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import IO

#: Packages whose libraries write notices to the terminal when they are loaded, whatever they are
#: told.
NOISY = ("tensorflow",)


class MissingExtraError(ImportError):
    """A package of an optional extra is not installed."""


def require(module: str, extra: str) -> ModuleType:
    """Import `module`, or raise an error that names the pip extra that holds it.

    Parameters
        module : dotted name, e.g. "soundfile"
        extra : "doa", "train" or "oracle", an extra of the package
    Raises
        MissingExtraError: the package is not installed
    """
    loud = module in NOISY and module not in sys.modules
    try:
        with silenced() if loud else nullcontext():
            return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f'{module} is needed here and cannot be imported ({error}); pip install "otus[{extra}]"'
        ) from error


@contextmanager
def silenced() -> Iterator[IO[bytes]]:
    """Keep what libraries write to file descriptors 1 and 2 off the screen.

    Yields
        the file that has it
    """
    with tempfile.TemporaryFile() as log:
        flush()
        saved = os.dup(1), os.dup(2)
        try:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            yield log
        finally:
            flush()
            for number, kept in zip((1, 2), saved, strict=True):
                os.dup2(kept, number)
                os.close(kept)


def flush() -> None:
    """Write out what Python still holds for standard output and standard error."""
    sys.stdout.flush()
    sys.stderr.flush()
