"""What a bitstream is made from, as one hash: a bitstream of other sources is stale."""

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

from amaranth.build import Platform

from .. import arch, hw
from ..cache import content_key
from .board import Board, Setup

#: Modules of this package that are part of every design; gowin.py is where a platform has a class
#: of it. What board.py adds is hashed as values: a new board's name in it is nothing to the others.
_DESIGN = ("design.py", "family.py", "pll.py")

#: What their versions stand for, so that their files need not be read. Files of amaranth-boards
#: are read nevertheless: who adds a board has it as a checkout.
_PACKAGES = ("amaranth", "amaranth-boards")

#: What constraints, options and names of the tools are made of, besides methods.
_ATTRIBUTES = (
    *("device", "package", "speed", "part", "family", "toolchain"),
    *("default_clk", "default_rst", "resources", "connectors"),
)


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
    platform = board.platform()
    files += _files_of(platform)
    if board.file:
        files.append(board.file)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
    chosen = (board.name, board.device, board.family, setup, board.pll.__name__)
    link = (board.baud, board.divisor(setup.clock_hz), board.led, board.button)
    pins = (type(platform).__name__, *(getattr(platform, name, None) for name in _ATTRIBUTES))
    return content_key(
        *(f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in files),
        *versions,
        repr((*chosen, *link, *pins)),
    )


def _files_of(platform: Platform) -> Iterator[Path]:
    """List the files with the methods of a platform: its classes, but for amaranth's own."""
    modules = dict.fromkeys(kind.__module__ for kind in type(platform).__mro__)
    for name in modules:
        # A user's board file is no module that can be imported.
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and name.partition(".")[0] != "amaranth":
            yield Path(file)
