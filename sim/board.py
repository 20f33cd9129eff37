"""The simulated board: the gateware behind a byte stream, as a link for the driver."""

import sys
import time
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

from .. import arch, hw
from ..arch.geometry import NAMED, Geometry
from ..cache import content_key
from ..driver.errors import LinkError
from ..hw.top import Top
from . import cxxrtl, interpreter, toolchain
from .uart_top import UartTop

Engine = Literal["auto", "cxxrtl", "python"]

#: Cycles run between two looks at the clock on the wall: tens of milliseconds of machine code.
_BATCH = 20_000
_SLOW_BATCH = 100

#: While a request is unanswered, a read from the interpreted board lasts at least this many cycles,
#: however short its timeout: in the time that a driver allows for a reply it would run hardly any.
_SLOW_MINIMUM = 50_000


@cache
def sources_key() -> str:
    """Hash the sources of the gateware and of the contract."""
    return content_key(
        *(
            f"{path.name}\n{path.read_text(encoding='utf-8')}"
            for package in (arch, hw)
            for path in sorted(Path(package.__path__[0]).rglob("*.py"))
        )
    )


def build_hash() -> int:
    """CRC-32 that stands for the sources of the gateware, told in the identity."""
    return zlib.crc32(sources_key().encode())


def compile_board(
    geometry: Geometry, report: Callable[[str], None] | None = None, divisor: int | None = None
) -> Path:
    """Return the shared library of the simulated board, compiled unless the cache holds it.

    Parameters
        divisor : clock cycles per bit of the UART before it; None for bytes without one
    Raises
        ToolchainError: no compiler, or it failed
    """

    def design() -> Top | UartTop:
        if divisor is None:
            return Top(geometry, build_hash())
        return UartTop(geometry, divisor, build_hash())

    return cxxrtl.compile_design(design, f"{sources_key()} {geometry} {divisor}", report)


class SimLink:
    """A link to a simulated board. It computes only while a read waits.

    Parameters
        geometry : of the simulated accelerator
        engine : `cxxrtl` (machine code), `python` (Amaranth's simulator, very slow), or `auto`:
            the first, or the second where there is no compiler
        report : is told what takes long
        divisor : clock cycles per bit of a UART before it, of `cxxrtl` only; None for bytes
            without one
    Raises
        ToolchainError: engine is `cxxrtl`, and there is no compiler or it failed
    """

    def __init__(
        self,
        geometry: Geometry,
        engine: Engine = "auto",
        report: Callable[[str], None] | None = None,
        divisor: int | None = None,
    ) -> None:
        self.geometry = geometry
        self._pending = b""
        self._unanswered = False
        if divisor is not None:
            engine = "cxxrtl"
        if engine == "auto":
            try:
                toolchain.find_compiler()
                engine = "cxxrtl"
            except toolchain.ToolchainError as error:
                engine = "python"
                if report:
                    report(f"{error}\nuntil then Amaranth's simulator is used: very slow")
        self.engine = engine
        # A UART takes ten bits for a byte.
        quiet = cxxrtl.QUIET_CYCLES + 10 * (divisor or 0)
        self._slow = engine == "python"
        self._simulation: cxxrtl.Simulation | interpreter.Simulation = (
            interpreter.Simulation(lambda: Top(geometry, build_hash()))
            if self._slow
            else cxxrtl.Simulation(compile_board(geometry, report, divisor), quiet)
        )

    @property
    def cycles(self) -> int:
        """Cycles simulated so far."""
        return self._simulation.cycles

    def write(self, data: bytes) -> None:
        """Queue bytes for the board; it takes them during the next reads."""
        self._pending += data
        self._unanswered = True

    def read(self, limit: int, timeout: float) -> bytes:
        """Run the board until it sends.

        Parameters
            limit : most bytes to return
            timeout : seconds of wall time
        Returns
            at least one byte; none at the timeout, or as soon as nothing can happen any more
        """
        deadline = time.monotonic() + timeout
        batch = _SLOW_BATCH if self._slow else _BATCH
        least = self.cycles + (_SLOW_MINIMUM if self._slow and self._unanswered else 0)
        while True:
            taken, received, stop = self._simulation.run(self._pending, limit, batch)
            self._pending = self._pending[taken:]
            if received or stop is cxxrtl.Stop.STEADY:
                self._unanswered = False
                return received
            if time.monotonic() >= deadline and self.cycles >= least:
                return b""

    def close(self) -> None:
        """Stop the simulation."""
        self._simulation.close()


def open_device(_name: str, geometry: Geometry | None) -> SimLink:
    """Open a simulated board, of the default geometry unless one is given.

    Raises
        LinkError: the compiler failed
    """
    try:
        return SimLink(
            NAMED["default"] if geometry is None else geometry,
            report=lambda text: print(f"otus: {text}", file=sys.stderr),
        )
    except toolchain.ToolchainError as error:
        raise LinkError(f"device sim: {error}") from error
