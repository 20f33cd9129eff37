"""QUANTIZE and DEQUANTIZE.

Sources: TensorFlow Lite, kernels/quantize.cc, kernels/internal/reference/quantize.h
(AffineQuantize), reference/requantize.h, reference/dequantize.h; tflite-micro,
kernels/quantize_common.cc and dequantize.cc
"""

import numpy as np

from ..compiler import ModelError
from ..compiler.graph import NUMPY, Quantisation, Tensor
from ..compiler.rounding import quantise_real
from .node import Array, Kernel, Node
from .scaling import scaling

_BYTES = ("INT8", "UINT8")
#: Quotients from here on do not fit the runtimes' 32-bit integers.
_QUOTIENTS = 2.0**31 - 2**8


def quantize(node: Node) -> Kernel:
    """Prepare a QUANTIZE: float32, int8 or uint8 to int8 or uint8."""
    node.count(1)
    source, result = node.inputs[0], node.output
    node.shaped(source.shape)
    wanted = _byte(node, result)
    if source.dtype != "FLOAT32":
        return _requantize(node, _byte(node, source), wanted)
    _offered(node, "FLOAT32", result.dtype)

    def run(x: Array) -> Array:
        # NaN compares as false.
        if not (np.abs(x) < _QUOTIENTS * np.float32(wanted.scale)).all():
            raise ValueError(
                f"'{source.name}': holds values that are not finite, or too large for scale "
                f"{wanted.scale:g}; the runtimes do not define their quantisation"
            )
        return quantise_real(x, wanted.scale, wanted.zero_point, NUMPY[result.dtype])

    return run


def dequantize(node: Node) -> Kernel:
    """Prepare a DEQUANTIZE: int8 or uint8 to float32."""
    node.count(1)
    source, result = node.inputs[0], node.output
    node.shaped(source.shape)
    given = _byte(node, source)
    node.require(
        result.dtype == "FLOAT32",
        f"'{result.name}' is {result.dtype}, allowed is FLOAT32; convert the model again",
    )
    scale = np.float32(given.scale)

    def run(x: Array) -> Array:
        # A product of a float32 and a small integer rounds once, in either precision.
        centred = x.astype(np.int32) - given.zero_point
        return np.asarray(centred.astype(np.float32) * scale)

    return run


def _requantize(node: Node, given: Quantisation, wanted: Quantisation) -> Kernel:
    source, result = node.inputs[0], node.output
    _offered(node, source.dtype, result.dtype)
    limits, dtype = np.iinfo(NUMPY[result.dtype]), NUMPY[result.dtype]
    before = np.iinfo(NUMPY[source.dtype])
    reach = max(before.max - given.zero_point, given.zero_point - before.min)
    scale = scaling(node, [given.scale / wanted.scale], np.array([reach], np.int64))

    def run(x: Array) -> Array:
        values = scale(x.astype(np.int64) - given.zero_point) + wanted.zero_point
        return np.clip(values, limits.min, limits.max).astype(dtype)

    return run


def _offered(node: Node, source: str, result: str) -> None:
    """Refuse what tflite-micro does not have."""
    missing = {("FLOAT32", "UINT8"), ("UINT8", "UINT8")}
    node.require(
        node.oracle != "tflm" or (source, result) not in missing,
        f"tflite-micro has no QUANTIZE from {source} to {result}; use --oracle litert, or convert "
        "with int8 inside",
    )


def _byte(node: Node, tensor: Tensor) -> Quantisation:
    """Refuse anything but int8 or uint8 with one scale."""
    q = tensor.quantisation
    if tensor.dtype not in _BYTES or q is None or len(q.scales) != 1:
        scales = len(q.scales) if q else 0
        raise ModelError(
            f"{node.where}: '{tensor.name}' is {tensor.dtype} with {scales} scales, allowed is "
            "INT8 or UINT8 with 1; convert with full int8 quantisation"
        )
    limits = np.iinfo(NUMPY[tensor.dtype])
    node.require(
        limits.min <= q.zero_point <= limits.max,
        f"'{tensor.name}' has zero point {q.zero_point}, allowed is {limits.min} to {limits.max}; "
        "convert the model again",
    )
    return q
