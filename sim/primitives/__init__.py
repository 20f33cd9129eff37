"""Behaviour of FPGA primitives in Verilog: what netlists are made of, for their simulation."""

from pathlib import Path


def folder() -> Path:
    """Return the folder of the Verilog files."""
    return Path(__file__).parent
