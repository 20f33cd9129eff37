"""Run an int8 .tflite file with LiteRT's reference kernels: the host's own inference callable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError
from .extras import require

#: float32 [n, lags, pairs] -> probabilities [n, classes]
Infer = Callable[[NDArray[np.float32]], NDArray[Any]]


def reference(model: str | Path | bytes) -> Infer:
    """Load a model; the result infers frame by frame.

    Parameters
        model : a .tflite file, or its bytes
    Raises
        ModelError: no such file, not a model, or its input is not int8 [1, lags, pairs]
        MissingExtraError: LiteRT is not installed
    """
    if isinstance(model, str | Path):
        if not Path(model).is_file():
            raise ModelError(f"{model}: no such file")
        model = Path(model).read_bytes()
    litert = require("ai_edge_litert.interpreter", "oracle")
    try:
        runner = litert.Interpreter(
            model_content=model,
            experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        )
        runner.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"not a .tflite model that LiteRT can run: {error}") from error
    given, made = runner.get_input_details()[0], runner.get_output_details()[0]
    if given["dtype"] is not np.int8 or made["dtype"] is not np.int8:
        raise ModelError(
            f"model input and output are {given['dtype'].__name__} and {made['dtype'].__name__}, "
            "allowed is int8; quantise it with otus.doa.quantise"
        )
    shape = tuple(int(n) for n in given["shape"][1:])
    (scale, zero), (step, origin) = given["quantization"], made["quantization"]

    def infer(features: NDArray[np.float32]) -> NDArray[Any]:
        if features.shape[1:] != shape:
            raise ModelError(f"features of shape {features.shape[1:]}, the model takes {shape}")
        # As the QUANTIZE operator: ties away from zero, in float64 so that + 0.5 is exact.
        scaled = (features / np.float32(scale)).astype(np.float64)
        rounded = np.trunc(scaled + np.copysign(0.5, scaled))
        steps = np.clip(rounded + zero, -128, 127).astype(np.int8)
        out = np.empty((len(features), int(made["shape"][-1])), dtype=np.float32)
        for row, frame in zip(out, steps, strict=True):
            runner.set_tensor(given["index"], frame[None])
            runner.invoke()
            row[:] = (runner.get_tensor(made["index"])[0].astype(np.float32) - origin) * step
        return out

    return infer
