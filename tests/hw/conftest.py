"""How the benches of the gateware are run."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from amaranth.lib import wiring

from otus.arch.geometry import Geometry
from otus.sim.cocotb_runner import run_bench


def _runner(simulator: str) -> Callable[..., None]:
    def run(
        component: wiring.Component, module: str, geometry: Geometry, **parameters: Any
    ) -> None:
        run_bench(
            component,
            f"otus.sim.benches.tb_{module}",
            simulator=simulator,
            parameters={"geometry": asdict(geometry), **parameters},
        )

    return run


@pytest.fixture
def run_module(simulator: str) -> Callable[..., None]:
    """Give a function that runs the bench `tb_<module>` on a component, on each simulator."""
    return _runner(simulator)


@pytest.fixture
def run_module_fast(fast_simulator: str) -> Callable[..., None]:
    """Give the same for the faster simulator alone."""
    return _runner(fast_simulator)
