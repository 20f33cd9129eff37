"""Softmax and logistic, exhaustively against the oracles."""

import numpy as np
import oracles
import pytest
from modelgen import Builder

from otus.driver.compiler import ModelError, Oracle
from otus.driver.compiler.graph import Quantisation, Tail
from otus.driver.compiler.tail import check, finish, logistic_table

OUT = Quantisation((1 / 256,), (-128,))
SCALES = [2.0**-24 * 1.5, 1e-4, 0.0039, 0.0625, 0.08, 0.1234, 0.5, 1.0, 7.7, 16.0, 200.0]


def tail(kind: str, scale: float, zero_point: int = 0, depth: int = 256, beta: float = 1.0) -> Tail:
    scale = float(np.float32(scale))
    assert kind in ("SOFTMAX", "LOGISTIC")
    return Tail(
        "SOFTMAX" if kind == "SOFTMAX" else "LOGISTIC",
        kind,
        depth,
        float(np.float32(beta)),
        Quantisation((scale,), (zero_point,)),
        OUT,
    )


def model(kind: str, scale: float, zero_point: int, depth: int, beta: float = 1.0) -> bytes:
    b = Builder()
    return b.build(b.tail(kind, b.input([1, depth], scale, zero_point), beta))


@pytest.mark.parametrize("oracle", ["tflm", "litert"])
@pytest.mark.parametrize("scale", SCALES)
def test_logistic_of_every_value(oracle: Oracle, scale: float) -> None:
    oracles.require(oracle)
    values = np.arange(-128, 128, dtype=np.int8)[None]
    for zero_point in (-128, -37, 0, 127):
        expected = oracles.run(oracle, model("LOGISTIC", scale, zero_point, 256), values)
        got = finish(tail("LOGISTIC", scale, zero_point), values, oracle)
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("oracle", ["tflm", "litert"])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_softmax(oracle: Oracle, scale: float, beta: float) -> None:
    oracles.require(oracle)
    rng = np.random.default_rng(7)
    for depth in (1, 2, 36, 300):
        values = rng.integers(-128, 128, (30, depth)).astype(np.int8)
        values[0], values[1] = -128, 127
        values[2:12] = np.clip(rng.normal(0, 4, (10, depth)), -128, 127)
        expected = oracles.run(oracle, model("SOFTMAX", scale, 5, depth, beta), values)
        got = finish(tail("SOFTMAX", scale, 5, depth, beta), values, oracle)
        np.testing.assert_array_equal(got, expected)


def test_every_difference_of_two_values() -> None:
    oracles.require("tflm")
    values = np.array(
        [[a, b] for a in range(-128, 128, 3) for b in (-128, -1, 0, 90, 127)], np.int8
    )
    expected = oracles.run("tflm", model("SOFTMAX", 0.07, 0, 2), values)
    np.testing.assert_array_equal(finish(tail("SOFTMAX", 0.07, 0, 2), values, "tflm"), expected)


def test_softmax_works_along_the_last_axis() -> None:
    values = np.random.default_rng(0).integers(-128, 128, (4, 3, 10)).astype(np.int8)
    whole = finish(tail("SOFTMAX", 0.1, depth=10), values, "tflm")
    for row in range(3):
        part = finish(tail("SOFTMAX", 0.1, depth=10), values[:, row], "tflm")
        np.testing.assert_array_equal(whole[:, row], part)


def test_sums_that_could_overflow_are_refused() -> None:
    check(tail("SOFTMAX", 0.1, depth=4095), "tflm")
    with pytest.raises(ModelError, match=r"softmax over 4096 values, allowed is up to 4095"):
        check(tail("SOFTMAX", 0.1, depth=4096), "tflm")


@pytest.mark.parametrize("kind", ["SOFTMAX", "LOGISTIC"])
def test_scales_that_are_too_small_are_refused(kind: str) -> None:
    with pytest.raises(ModelError, match=r"input scale 1e-09 with beta 1 is too small for the"):
        check(tail(kind, 1e-9), "tflm")


def test_a_tie_that_the_c_library_decides_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    scales = np.geomspace(0.01, 1, 4000)
    for scale in scales:
        logistic_table(tail("LOGISTIC", float(scale)), "litert")
    # With a C library that rounded at will, some scale has a value on the edge.
    monkeypatch.setattr("otus.driver.compiler.tail._EXPF_DOUBT", 0.6)
    messages = set()
    for scale in scales:
        try:
            logistic_table(tail("LOGISTIC", float(scale)), "litert")
        except ModelError as error:
            messages.add(str(error).partition("is a tie")[2])
    assert messages == {
        " that the oracle's C library decides; use --oracle tflm, or convert with other data"
    }
