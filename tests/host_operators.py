"""Operators of the host against the oracles, on random models."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from modelgen import Builder
from oracles import require, run_graph
from random_operators import DRAWN, Draw

from otus.driver.compiler import ORACLES, ModelError, Oracle
from otus.driver.compiler.importer import import_model
from otus.driver.host import Kernel, prepare

#: Models of each operator, each run on both oracles.
MODELS = 300

#: Builds a model into a builder; returns its output.
Make = Callable[[Builder], int]


def agree(kind: str, models: int = MODELS) -> None:
    """Compare every output of every model; hardly any may be refused."""
    for oracle in ORACLES:
        require(oracle)
    different: list[str] = []
    refused: Counter[str] = Counter()
    spread = 0
    for seed in range(models):
        case = DRAWN[kind](Draw(seed))
        graph = import_model(case.model)
        for oracle in ORACLES:
            try:
                kernel = prepare(graph, graph.operators[0], oracle)
            except ModelError as error:
                refused[str(error)] += 1
                continue
            found = kernel(*case.inputs)
            (expected,) = run_graph(oracle, case.model, case.inputs)
            spread += len(np.unique(expected)) > min(4, expected.size // 4)
            if found.dtype != expected.dtype or not np.array_equal(found, expected):
                different.append(f"{oracle} {kind} of seed {seed}")
    assert different == []
    assert refused.total() <= 0.02 * 2 * models, refused.most_common(3)
    # Models whose outputs are all the same would compare nothing.
    assert spread > 0.7 * 2 * models


def prepared(make: Make, oracle: Oracle = "tflm") -> Kernel:
    """Prepare the last operator of a model."""
    builder = Builder()
    graph = import_model(builder.build(make(builder)))
    return prepare(graph, graph.operators[-1], oracle)


def refuse(make: Make, text: str, oracle: Oracle = "tflm") -> None:
    """Assert that the last operator of a model is refused with a text."""
    with pytest.raises(ModelError, match=text):
        prepared(make, oracle)
