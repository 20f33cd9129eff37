"""What a board is, and finding one by name or by file."""

import difflib
import importlib
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from amaranth.build import Platform, Subsignal

from ..arch.errors import ContractError
from ..arch.geometry import Geometry
from ..hw.parts import Part
from ..hw.uart import check_divisor
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

#: Hz between the clocks that are looked at where one is looked for.
_CLOCK_STEP = 500_000


@dataclass(frozen=True)
class Setup:
    """An accelerator that a board is built with.

    Parameters
        geometry : as `Geometry.parse` reads it; the boards' own are names of arch.geometry.NAMED
        clock_hz : clock of the accelerator, made by the board's PLL
        part : how multipliers and memories are built
    Raises
        GeometryError: no such geometry
        BoardError: a clock or a part that cannot be
    """

    geometry: str
    clock_hz: int
    part: Part

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        Geometry.parse(self.geometry)
        where = f"setup {self.geometry}"
        whole = type(self.clock_hz) is int and self.clock_hz > 0
        _require(whole, where, "clock_hz", self.clock_hz, "a whole number of hertz, at least 1")
        _require(isinstance(self.part, Part), where, "part", self.part, "a Part of hw.parts")

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
        file : the user's file that defines the board
        typed : what `find` was given for a board of a user's file
    Raises
        BoardError: a field that cannot be: which, what it is, what is allowed
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
    typed: str = ""

    def __post_init__(self) -> None:
        """Refuse what no board can be."""
        named = isinstance(self.name, str) and re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.name)
        is_pll = isinstance(self.pll, type) and issubclass(self.pll, Pll)
        setups = isinstance(self.setups, tuple) and all(isinstance(s, Setup) for s in self.setups)
        words = isinstance(self.loader, tuple) and all(isinstance(w, str) for w in self.loader)
        for field, good, allowed in (
            ("name", named, "letters, digits, '.', '_' and '-': it names a folder"),
            ("title", isinstance(self.title, str), "a text"),
            ("device", isinstance(self.device, str), "the part's number, a text"),
            ("family", isinstance(self.family, Family), "ECP5, ICE40 or GOWIN of boards.family"),
            ("platform", callable(self.platform), "a platform's class"),
            ("pll", is_pll, "a class of boards.pll"),
            ("setups", self.setups and setups, "a tuple of at least one Setup"),
            ("baud", type(self.baud) is int and self.baud > 0, "a whole number, at least 1"),
            ("bridge", isinstance(self.bridge, str), "a text"),
            ("loader", self.loader and words, "a tuple of words, the program first"),
            ("led", _is_resource(self.led, 3), "None, ('led', 0) or ('rgb_led', 0, 'g')"),
            ("button", _is_resource(self.button, 2), "None or such as ('button', 0)"),
            ("usb", isinstance(self.usb, Bridge | None), "None or a Bridge of boards.usb"),
        ):
            _require(good, f"board {self.name!r}", field, getattr(self, field), allowed)
        families = (self.family.name, "portable")
        for setup in self.setups:
            where = f"board {self.name!r}, setup {setup.geometry}"
            good = setup.part.family in families
            _require(good, where, "part.family", setup.part.family, " or ".join(families))

    def setup(self, geometry: str | None = None, clock_hz: int | None = None) -> Setup:
        """Return the setup of a geometry, the default one where none is given.

        A geometry that the board has no setup for gets the clock and the part of the default one.

        Parameters
            clock_hz : another clock than that of the setup
        Raises
            GeometryError: no such geometry
        """
        own = {setup.geometry: setup for setup in self.setups}
        if geometry is None:
            setup = self.setups[0]
        elif geometry in own:
            setup = own[geometry]
        else:
            Geometry.parse(geometry)
            setup = replace(self.setups[0], geometry=geometry)
        return setup if clock_hz is None else replace(setup, clock_hz=clock_hz)

    def folder(self, setup: Setup) -> Path:
        """Name the folder of a build: BOARD/GEOMETRY, with the clock where it is not the usual."""
        other = setup.clock_hz != self.setup(setup.geometry).clock_hz
        clock = f"@{setup.clock_hz / 1e6:.10g}MHz" if other else ""
        return Path(self.name, f"{setup.geometry}{clock}")

    def divisor(self, clock_hz: int) -> int:
        """Return the clock cycles in a bit of the link.

        Raises
            BoardError: the clock cannot make the baud rate closely enough
        """
        divisor = max(1, round(clock_hz / self.baud))
        made = f"{self.name}: {self.baud} baud cannot be made from {clock_hz / 1e6:.10g} MHz"
        if abs(clock_hz / divisor / self.baud - 1) > _BAUD_TOLERANCE:
            raise BoardError(
                f"{made}: {divisor} cycles a bit are {clock_hz / divisor:.0f} baud, more than "
                f"{_BAUD_TOLERANCE:.1%} off; choose a baud rate that divides the clock"
            )
        try:
            check_divisor(divisor)
        except ValueError as error:
            raise BoardError(f"{made}: {error}") from error
        return divisor

    def check_clock(self, clock_hz: int) -> None:
        """Refuse a clock that the PLL or the link cannot have.

        Raises
            BoardError: why; names the nearest ones that both can have
        """
        try:
            self._try_clock(clock_hz)
        except BoardError as error:
            near = " and ".join(f"{hz / 1e6:g} MHz" for hz in self.clocks_near(clock_hz))
            both = f"; clocks near it that PLL and link can both have: {near}" if near else ""
            raise BoardError(f"{error}{both}") from error

    def clocks_near(self, clock_hz: int) -> list[int]:
        """Return the nearest clocks that PLL and link can both have: at most one on each side.

        Looks at the multiples of 0.5 MHz; `clock_hz` itself is the one where it can be had.
        """
        lower = range(clock_hz // _CLOCK_STEP * _CLOCK_STEP, 0, -_CLOCK_STEP)
        most = 2 * max(clock_hz, self.setups[0].clock_hz)
        higher = range(-(-clock_hz // _CLOCK_STEP) * _CLOCK_STEP, most, _CLOCK_STEP)
        found = (next(filter(self._can_have, clocks), None) for clocks in (lower, higher))
        return list(dict.fromkeys(hz for hz in found if hz is not None))

    def _can_have(self, clock_hz: int) -> bool:
        try:
            self._try_clock(clock_hz)
        except BoardError:
            return False
        return True

    def _try_clock(self, clock_hz: int) -> None:
        self.divisor(clock_hz)
        self.pll.solve(round(self.platform().default_clk_frequency), clock_hz)


def _require(good: object, where: str, field: str, got: object, allowed: str) -> None:
    if not good:
        raise BoardError(f"{where}: {field}: got {got!r}, allowed is {allowed}")


def _is_resource(value: object, most: int) -> bool:
    """Tell whether this is None, or a resource: name, number, and a part's name if so many."""
    if value is None:
        return True
    if not isinstance(value, tuple) or not 2 <= len(value) <= most:
        return False
    return all(map(isinstance, value, (str, int, str)))


def all_boards() -> tuple[Board, ...]:
    """Return every board of this package."""
    return tuple(
        board
        for name in _MODULES
        for board in _boards_in(importlib.import_module(f".{name}", __package__))
    )


def find(name: str) -> Board:
    """Return a board by its name, or one that a Python file defines.

    Parameters
        name : of a board, or of a file: `FILE.py`, `FILE.py:NAME` where it defines several boards
    Raises
        BoardError: unknown name (suggests near ones), or a file that does not define that board
    """
    if file := re.fullmatch(r"(.+\.py)(?::(.+))?", name):
        return replace(_load(Path(file[1]), file[2]), typed=name)
    boards = {board.name: board for board in all_boards()}
    if name in boards:
        return boards[name]
    near = difflib.get_close_matches(name.lower(), boards, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(boards)}."
    raise BoardError(f"no board {name!r}; {hint} A board of your own: otus build path/to/board.py")


def _boards_in(module: ModuleType) -> list[Board]:
    # One board may have several names.
    return list(dict.fromkeys(value for value in vars(module).values() if isinstance(value, Board)))


def _load(path: Path, name: str | None) -> Board:
    """Import a user's file, or a copy of one of this package: its imports may be relative."""
    if not path.is_file():
        raise BoardError(f"{path}: no such file; expected a Python file that defines a Board")
    spec = importlib.util.spec_from_file_location(f"{__package__}.own", path)
    if spec is None or spec.loader is None:
        raise BoardError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (BoardError, ContractError) as error:
        raise BoardError(f"{path}: {error}") from error
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing in ("amaranth_boards", "amaranth"):
            raise  # what the command needs is not installed
        raise BoardError(f"{path}: {type(error).__name__}: {error}") from error
    boards = _boards_in(module)
    if not boards:
        raise BoardError(
            f"{path}: defines no board, expected one: BOARD = Board(...), see "
            "docs/adding-a-board.md"
        )
    found = [board for board in boards if name in (None, board.name)]
    if len(found) != 1:
        known = ", ".join(board.name for board in boards)
        raise BoardError(
            f"{path}: defines {len(boards)} boards ({known}); "
            + (f"{len(found)} of them are called {name!r}; " if name else "")
            + f"say which one: {path}:{boards[0].name}"
        )
    try:
        _check_platform(found[0])
    except BoardError as error:
        raise BoardError(f"{path}: {error}") from error
    return replace(found[0], file=path)


def _check_platform(board: Board) -> None:
    """Refuse a platform that has not what the board names.

    Raises
        BoardError: what is missing
    """
    where = f"board {board.name!r}"
    try:
        platform = board.platform()
    except Exception as error:
        raise BoardError(
            f"{where}: platform: {type(error).__name__}: {error}; expected the class of a platform "
            "that is made without arguments"
        ) from error
    programs = getattr(platform, "required_tools", [])
    family = board.family
    if not set(family.programs) <= set(programs):
        mixed = ", GowinHimbaechel of boards.gowin mixed in before it" * (family.name == "gowin")
        raise BoardError(
            f"{where}: platform: got {type(platform).__name__}, whose tools are "
            f"{', '.join(programs) or 'none'}; allowed is one of family {family.name}{mixed}, "
            f"whose tools are {', '.join(family.programs)}"
        )
    if platform.default_clk is None:
        raise BoardError(f"{where}: platform: {type(platform).__name__} has no default clock")
    _check_resource(board, platform, "link", ("uart", 0, "rx"), "i")
    _check_resource(board, platform, "link", ("uart", 0, "tx"), "o")
    if board.led is not None:
        _check_resource(board, platform, "led", board.led, "o")
    if board.button is not None:
        _check_resource(board, platform, "button", board.button, "i")
    for setup in board.setups:
        board.check_clock(setup.clock_hz)


def _check_resource(
    board: Board, platform: Platform, field: str, resource: tuple[Any, ...], direction: str
) -> None:
    """Refuse pins that a platform does not have, or of the other direction.

    Parameters
        direction : `i` or `o`, seen from the FPGA
    """
    name, number, *part = resource
    known: dict[tuple[str, int], Any] = platform.resources
    where = f"board {board.name!r}: {field}: got {resource!r}, "
    if (name, number) not in known:
        near = [key for key in known if key[0].startswith(name[:3])] or list(known)
        raise BoardError(f"{where}allowed is a resource of its platform, such as {near[:8]}")
    ios = known[name, number].ios
    parts = {item.name: item.ios[0] for item in ios if isinstance(item, Subsignal)}
    if (part[0] if part else None) not in (parts or [None]):
        which = f"with one of its parts: {', '.join(parts)}" if parts else "alone: it has no parts"
        raise BoardError(f"{where}allowed is {(name, number)} {which}")
    pins = parts[part[0]] if part else ios[0]
    if direction not in pins.dir:
        ways = {"i": "an input", "o": "an output"}
        raise BoardError(f"{where}{ways[pins.dir[0]]}; allowed is {ways[direction]}")
