"""Requantisation with one multiplier for each channel."""

import numpy as np
from host_operators import Make
from modelgen import Builder

from otus.arch.memory import Rounding
from otus.driver.compiler.importer import import_model
from otus.driver.compiler.rounding import quantise_multiplier, requantise
from otus.driver.host.node import Node
from otus.driver.host.scaling import scaling


def node(make: Make) -> Node:
    b = Builder()
    graph = import_model(b.build(make(b)))
    return Node(graph, graph.operators[0], "tflm")


def test_each_channel_is_scaled_as_by_its_own_multiplier() -> None:
    reals = [0.3, 2.0**-20, 1.0, 37.5, 0.0]
    some = node(lambda b: b.reshape(b.input([1, 4], 0.1, 0), [2, 2]))
    scale = scaling(some, reals, np.full(5, 40_000, np.int64))
    sums = np.random.default_rng(0).integers(-40_000, 40_001, (100, 5))
    found = scale(sums)
    for i, real in enumerate(reals):
        expected = requantise(sums[:, i], quantise_multiplier(real), Rounding.DOUBLE)
        np.testing.assert_array_equal(found[:, i], expected)
