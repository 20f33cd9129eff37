"""What simulators are built with: a C++ compiler."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .. import programs

#: Seconds after which a tool is taken not to come to an end: the slowest take minutes.
_PATIENCE = 3600.0


class ToolchainError(RuntimeError):
    """No compiler, or a compiler that failed."""


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler.

    Parameters
        command : the words that start it
        version : first line of its --version
        bundled : True where it comes from the ziglang package
    """

    command: tuple[str, ...]
    version: str
    bundled: bool = False

    def run(self, *arguments: str, cwd: Path) -> None:
        """Compile or link.

        Raises
            ToolchainError: the compiler failed; its last lines are in the message
        """
        run([*self.command, *arguments], cwd=cwd)


def run(command: list[str], *, cwd: Path, env: dict[str, str] | None = None) -> None:
    """Run a tool to its end, in silence unless it fails.

    Raises
        ToolchainError: it failed (its last lines are in the message), or did not come to an end
    """
    try:
        code, printed = programs.run(command, cwd, _PATIENCE, env)
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(
            f"{command[0]} did not come to an end within {_PATIENCE / 60:g} minutes, and was "
            "ended; run it again on a machine that is less busy, or with a smaller geometry, or "
            "set CXX to another C++ compiler"
        ) from error
    if code:
        tail = "\n".join(printed.splitlines()[-20:])
        raise ToolchainError(f"{command[0]} failed with exit code {code}:\n{tail}")


def _version(command: tuple[str, ...]) -> str | None:
    """First line of `--version`, or None where the command does not work."""
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.partition("\n")[0]


@cache
def find_compiler() -> Compiler:
    """Find a C++ compiler: CXX, then c++, g++ and clang++ on PATH, then the one in ziglang.

    Raises
        ToolchainError: there is none; says what to install
    """
    named = os.environ.get("CXX")
    if named:
        command = tuple(shlex.split(named))
        version = _version(command)
        if version is None:
            raise ToolchainError(
                f"CXX: {named!r} does not run; set CXX to a C++ compiler, or unset it"
            )
        return Compiler(command, version)
    for name in ("c++", "g++", "clang++"):
        version = _version((name,)) if shutil.which(name) else None
        if version is not None:
            return Compiler((name,), version)
    if importlib.util.find_spec("ziglang") is not None:
        command = (sys.executable, "-m", "ziglang", "c++")
        version = _version(command)
        if version is not None:
            return Compiler(command, version, bundled=True)
    raise ToolchainError(
        "no C++ compiler found (looked for CXX, c++, g++, clang++ and the ziglang package); "
        "install one, for example with: pip install ziglang"
    )
