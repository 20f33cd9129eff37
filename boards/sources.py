"""What a bitstream is made from, as one hash: a bitstream of other sources is stale."""

import importlib.metadata
from pathlib import Path

from .. import arch, hw
from ..cache import content_key
from .board import Board, Setup

#: Modules of this package that are part of the design.
_DESIGN = ("design.py", "family.py", "pll.py")

_PACKAGES = ("amaranth", "amaranth-boards")


def fingerprint(board: Board, setup: Setup) -> str:
    """Hash everything that decides a board's design; takes milliseconds.

    The build number in the identity, which is the CRC-32 of the elaborated gateware, says the same
    after a minute for a large array.
    """
    here = Path(__file__).parent
    files = [
        path for package in (arch, hw) for path in sorted(Path(package.__path__[0]).rglob("*.py"))
    ]
    files += [here / name for name in _DESIGN]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    platform = board.platform()
    pins = (type(platform).__name__, platform.resources)
    chosen = (board.name, setup, board.pll.__name__, board.baud)
    return content_key(
        *(f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in files),
        *versions,
        repr((*chosen, board.led, board.button, *pins)),
    )
