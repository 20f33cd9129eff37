"""Errors of boards and bitstreams. Each says what, got, allowed, and what to do."""


class BoardError(Exception):
    """Anything that keeps a board from getting its bitstream."""
