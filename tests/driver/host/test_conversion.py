"""QUANTIZE and DEQUANTIZE on the host."""

import numpy as np
import pytest
from host_operators import Make, agree, prepared, refuse
from modelgen import Builder
from oracles import require, run_graph

from otus.driver.compiler import Oracle


@pytest.mark.parametrize("kind", ["QUANTIZE", "QUANTIZE bytes", "DEQUANTIZE"])
def test_random_models_agree_with_the_oracles(kind: str) -> None:
    agree(kind)


@pytest.mark.parametrize("source", ["FLOAT32", "UINT8"])
def test_what_litert_alone_has(source: str) -> None:
    require("litert")
    b = Builder()
    if source == "UINT8":
        x = b.input([1, 256], 0.3, 100, dtype="UINT8")
        values = np.arange(256, dtype=np.uint8)[None, None]
    else:
        x = b.input([1, 256], None, dtype="FLOAT32")
        values = np.linspace(-40, 60, 256, dtype=np.float32)[None, None]
    model = b.build(b.quantize(x, (0.2, 130), dtype="UINT8"))
    expected = run_graph("litert", model, [values])[0]

    def make(b: Builder) -> int:
        y = b.input([1, 256], 0.3, 100, dtype="UINT8") if source == "UINT8" else None
        y = b.input([1, 256], None, dtype="FLOAT32") if y is None else y
        return b.quantize(y, (0.2, 130), dtype="UINT8")

    np.testing.assert_array_equal(prepared(make, "litert")(values), expected)
    refuse(make, rf"tflite-micro has no QUANTIZE from {source} to UINT8; use --oracle litert")


def from_float(b: Builder) -> int:
    return b.quantize(b.input([1, 2], None, dtype="FLOAT32"), (0.1, 0))


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30, 2.2e8])
def test_values_that_no_runtime_defines_are_refused(value: float) -> None:
    kernel = prepared(from_float)
    with pytest.raises(ValueError, match="'input': holds values that are not finite, or too large"):
        kernel(np.array([[[1.0, value]]], np.float32))


def test_large_values_saturate() -> None:
    found = prepared(from_float)(np.array([[[2e8, -2e8]]], np.float32))
    np.testing.assert_array_equal(found, [[[127, -128]]])


def wide(b: Builder) -> int:
    return b.quantize(b.input([1, 2], 0.1, 0), (0.1, 0), dtype="INT16")


def zero_point(b: Builder) -> int:
    return b.quantize(b.input([1, 2], 0.1, 0), (0.1, 200), dtype="INT8")


def to_bytes(b: Builder) -> int:
    y = b.dequantize(b.input([1, 2], 0.1, 0))
    b.graph.tensors[y].type = b.graph.tensors[0].type
    return y


def channels(b: Builder) -> int:
    x = b.tensor([1, 2], [0.1, 0.2])
    b.graph.inputs.append(x)
    return b.dequantize(x)


@pytest.mark.parametrize(
    ("make", "oracle", "text"),
    [
        (wide, "tflm", r"'quantize' is INT16 with 1 scales, allowed is INT8 or UINT8 with 1"),
        (zero_point, "litert", r"'quantize' has zero point 200, allowed is -128 to 127"),
        (to_bytes, "tflm", r"DEQUANTIZE \(operator 0, 'dequantize'\): 'dequantize' is INT8, allow"),
        (channels, "tflm", r"'t0' is INT8 with 2 scales, allowed is INT8 or UINT8 with 1"),
    ],
)
def test_refusals(make: Make, oracle: Oracle, text: str) -> None:
    refuse(make, text, oracle)
