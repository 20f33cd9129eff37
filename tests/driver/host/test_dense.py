"""FULLY_CONNECTED on the host."""

import numpy as np
import pytest
from host_operators import Make, agree, refuse
from modelgen import Builder

from otus.driver.compiler import Oracle


def test_random_models_agree_with_the_oracles() -> None:
    agree("FULLY_CONNECTED")


def overflow(b: Builder) -> int:
    x = b.input([1, 2], 0.1, 0)
    bias = np.array([2_000_000_000], np.int32)
    return b.dense(x, np.ones((1, 2), np.int8), bias, 1.0, (0.05, 0))


def other_bias(b: Builder) -> int:
    x = b.input([1, 2], 0.1, 0)
    y = b.dense(x, np.ones((1, 2), np.int8), np.zeros(1, np.int32), 0.1, (0.1, 0))
    b.graph.tensors[b.graph.operators[0].inputs[2]].quantization.scale = [0.5]
    return y


@pytest.mark.parametrize(
    ("make", "oracle", "text"),
    [
        (overflow, "tflm", r"sums reach 8000001024, which does not fit 32 bits"),
        (overflow, "litert", r"\(operator 0, 'dense'\): sums do not fit 32 bits; convert with"),
        (other_bias, "tflm", r"bias scale 0.5 differs from input scale x weight scale = 0.01"),
    ],
)
def test_refusals(make: Make, oracle: Oracle, text: str) -> None:
    refuse(make, text, oracle)
