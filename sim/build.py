"""Compile the simulated board ahead of its first use: `python -m otus.sim.build [GEOMETRY ...]`."""

import sys
import time

from ..arch.errors import GeometryError
from ..arch.geometry import Geometry
from . import toolchain
from .board import compile_board


def main(arguments: list[str]) -> int:
    """Compile each named geometry (`default` if none is); return the exit code."""
    for text in arguments or ["default"]:
        begin = time.monotonic()
        try:
            path = compile_board(Geometry.parse(text), print)
        except (GeometryError, toolchain.ToolchainError) as error:
            print(f"otus.sim.build: {error}", file=sys.stderr)
            return 1
        print(f"simulator of {text}: {path} ({time.monotonic() - begin:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
