"""What a board is, and finding one by name or by file."""

import difflib
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from amaranth.build import Platform

from ..arch.geometry import Geometry
from ..hw.parts import Part
from .errors import BoardError
from .family import Family
from .pll import Pll
from .usb import Bridge

#: Modules of this package that name boards, in the order in which they are listed.
_MODULES = (
    "icebreaker",
    "icesugar",
    "ulx3s",
    "icepi_zero",
    "ecpix5",
    "orangecrab",
    "tang_nano_9k",
    "tang_primer_20k",
    "hx8k",
)

#: How far a UART's bit may be from its nominal length: a receiver samples in the middle of the
#: tenth bit, so 5 % is the end; half of it is left to the other side.
_BAUD_TOLERANCE = 0.025


@dataclass(frozen=True)
class Setup:
    """An accelerator that a board is built with.

    Parameters
        geometry : as `Geometry.parse` reads it; the boards' own are names of arch.geometry.NAMED
        clock_hz : clock of the accelerator, made by the board's PLL
        part : how multipliers and memories are built
    """

    geometry: str
    clock_hz: int
    part: Part

    @property
    def array(self) -> Geometry:
        """The geometry itself."""
        return Geometry.parse(self.geometry)


@dataclass(frozen=True)
class Board:
    """A board: its platform of amaranth-boards, and what the accelerator uses of it.

    Parameters
        name : what the command line calls it
        title : maker and name
        device : the FPGA's part number
        family : its tools and cells
        platform : makes the platform; it has a resource `uart` 0, which is the link
        pll : makes the clock from the platform's default clock
        setups : accelerators that it can be built with; the first is the default
        baud : bits a second of the link
        bridge : what the link's pins are connected to, for people
        loader : command that loads a bitstream, whose path is appended
        led : resource of the status LED, lit while bytes pass, with the name of one colour where it
            has several; None where there is none
        button : resource of a button that resets the accelerator; None where there is none
        usb : the link's bridge, by which its port is found; None where the user brings one
        file : the user's file that defines the board, as `find` was given it
    """

    name: str
    title: str
    device: str
    family: Family
    platform: Callable[[], Platform]
    pll: type[Pll]
    setups: tuple[Setup, ...]
    baud: int
    bridge: str
    loader: tuple[str, ...]
    led: tuple[str, int] | tuple[str, int, str] | None = None
    button: tuple[str, int] | None = None
    usb: Bridge | None = None
    file: Path | None = None

    def setup(self, geometry: str | None = None) -> Setup:
        """Return the setup of a geometry, the default one where none is given.

        A geometry that the board has no setup for gets the clock and the part of the default one.

        Raises
            GeometryError: no such geometry
        """
        if geometry is None:
            return self.setups[0]
        for setup in self.setups:
            if setup.geometry == geometry:
                return setup
        Geometry.parse(geometry)
        return replace(self.setups[0], geometry=geometry)

    def divisor(self, clock_hz: int) -> int:
        """Return the clock cycles in a bit of the link.

        Raises
            BoardError: the clock cannot make the baud rate closely enough
        """
        divisor = max(1, round(clock_hz / self.baud))
        if abs(clock_hz / divisor / self.baud - 1) > _BAUD_TOLERANCE:
            raise BoardError(
                f"{self.name}: {self.baud} baud cannot be made from {clock_hz / 1e6:g} MHz: "
                f"{divisor} cycles a bit are {clock_hz / divisor:.0f} baud, more than "
                f"{_BAUD_TOLERANCE:.1%} off; choose a baud rate that divides the clock"
            )
        return divisor


def all_boards() -> tuple[Board, ...]:
    """Return every board of this package."""
    return tuple(
        board
        for name in _MODULES
        for board in _boards_in(importlib.import_module(f".{name}", __package__))
    )


def find(name: str) -> Board:
    """Return a board by its name, or the one that a Python file defines.

    Raises
        BoardError: unknown name (suggests near ones), or a file that does not define one board
    """
    if name.endswith(".py"):
        return _load(Path(name))
    boards = {board.name: board for board in all_boards()}
    if name in boards:
        return boards[name]
    near = difflib.get_close_matches(name.lower(), boards, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(boards)}."
    raise BoardError(f"no board {name!r}; {hint} A board of your own: otus build path/to/board.py")


def _boards_in(module: ModuleType) -> list[Board]:
    return [value for value in vars(module).values() if isinstance(value, Board)]


def _load(path: Path) -> Board:
    """Import a user's file."""
    if not path.is_file():
        raise BoardError(f"{path}: no such file; expected a Python file that defines a Board")
    spec = importlib.util.spec_from_file_location(f"otus_board_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BoardError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BoardError(f"{path}: {type(error).__name__}: {error}") from error
    boards = _boards_in(module)
    if len(boards) != 1:
        raise BoardError(
            f"{path}: defines {len(boards)} boards, expected one: BOARD = Board(...), "
            "see docs/adding-a-board.md"
        )
    return replace(boards[0], file=path)
