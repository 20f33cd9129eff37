"""The oracles for tests: a test that needs one is skipped, with the reason, where it is missing."""

import pytest

from otus.sim.oracles import PACKAGES, available, provenance, run

__all__ = ["PACKAGES", "available", "provenance", "require", "run"]


def require(oracle: str) -> None:
    """Skip the test where the oracle's package is missing."""
    if not available(oracle):
        pytest.skip(f'{PACKAGES[oracle]} is not installed: pip install "otus[oracle]"')
