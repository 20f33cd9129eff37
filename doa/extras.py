"""Packages of the extras, imported where they are used, with an error that says what to install."""

import importlib
from types import ModuleType


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
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f'{module} is needed here and cannot be imported ({error}); pip install "otus[{extra}]"'
        ) from error
