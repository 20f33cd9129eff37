"""What there is to do for a board: its design as RTLIL, constraints, and the tools' commands."""

import json
import warnings
import zlib
from dataclasses import dataclass

from amaranth.hdl import UnusedElaboratable

from .board import Board, Setup
from .design import Design
from .family import Command


@dataclass(frozen=True)
class Plan:
    """What there is to do for a board.

    Parameters
        files : name and contents
        commands : synthesis, place and route, packing
        build : CRC-32 of the gateware, told in the identity
    """

    files: dict[str, str]
    commands: list[Command]
    build: int


def elaborate(board: Board, setup: Setup) -> Plan:
    """Turn a board's design into RTLIL, constraints and commands."""
    try:
        build = zlib.crc32(_prepare(board, setup, 0).files["top.il"].encode())
        return _prepare(board, setup, build)
    except BaseException:
        # Amaranth would warn of every part of the design that is now left.
        warnings.filterwarnings("ignore", category=UnusedElaboratable)
        raise


def _prepare(board: Board, setup: Setup, build: int) -> Plan:
    platform = board.platform()
    platform.part = setup.part
    plan = platform.prepare(
        Design(board, setup, build),
        "top",
        debug_verilog=False,
        emit_src=False,
        synth_opts=board.family.synthesis,
    )
    files = {
        name: text if isinstance(text, str) else text.decode()
        for name, text in plan.files.items()
        if not name.startswith("build_") and not name.endswith(".v")
    }
    commands = json.loads(plan.files["build_top.json"])["commands"]
    # Some platforms add steps of their loaders.
    return Plan(files, [c for c in commands if c[0] in board.family.programs], build)
