"""The runtimes, on a model whose outputs are known."""

from typing import get_args

import numpy as np
import oracles
import pytest
from modelgen import Builder

from otus.cli import main
from otus.driver.compiler import ORACLES, Oracle
from otus.sim.oracles import PACKAGES, provenance, run


def identity() -> bytes:
    """A Dense layer of ones on the diagonal, scales 1."""
    builder = Builder()
    source = builder.input((1, 3), 1.0, 0)
    weights = np.eye(3, dtype=np.int8)
    return builder.build(builder.dense(source, weights, None, 1.0, (1.0, 0)))


@pytest.mark.parametrize("oracle", PACKAGES)
def test_each_input_gives_its_own_output(oracle: str) -> None:
    oracles.require(oracle)
    inputs = np.array([[1, 2, 3], [-128, 0, 127]], np.int8)
    np.testing.assert_array_equal(run(oracle, identity(), inputs), inputs)
    assert provenance(oracle).startswith(PACKAGES[oracle])


def test_compiler_and_command_line_offer_the_same() -> None:
    (option,) = (p for p in main.commands["run"].params if p.name == "oracle")
    assert set(option.type.choices) == set(PACKAGES) == set(ORACLES) == set(get_args(Oracle))
