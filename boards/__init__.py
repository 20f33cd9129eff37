"""Open FPGA boards: what they are, and how they get their bitstreams."""

from .board import Board, Setup, all_boards, find
from .errors import BoardError

__all__ = ["Board", "BoardError", "Setup", "all_boards", "find"]
