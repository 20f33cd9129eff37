"""The oracles for tests: a test that needs one is skipped, with the reason, where it is missing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from otus.sim.oracles import PACKAGES, available, provenance, run

__all__ = ["PACKAGES", "available", "provenance", "require", "run", "run_graph"]

Array = npt.NDArray[Any]


def require(oracle: str) -> None:
    """Skip the test where the oracle's package is missing."""
    if not available(oracle):
        pytest.skip(f'{PACKAGES[oracle]} is not installed: pip install "otus[oracle]"')


def run_graph(oracle: str, model: bytes, inputs: Sequence[Array], outputs: int = 1) -> list[Array]:
    """Run a model of any inputs and outputs.

    Parameters
        inputs : each [frames, *the tensor's shape]
        outputs : how many the model has
    Returns
        each [frames, *the tensor's shape]
    """
    results: list[list[Array]] = [[] for _ in range(outputs)]
    if oracle == "tflm":
        from tflite_micro.python.tflite_micro import runtime

        arena = 65_536 + 8 * len(model) + 64 * sum(x[0].nbytes for x in inputs)
        micro = runtime.Interpreter.from_bytes(model, arena_size=arena)
        for frame in zip(*inputs, strict=True):
            for i, x in enumerate(frame):
                micro.set_input(x, i)
            micro.invoke()
            for i, found in enumerate(results):
                found.append(micro.get_output(i).copy())
    else:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        lite = Interpreter(
            model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
        )
        lite.allocate_tensors()
        sources = [d["index"] for d in lite.get_input_details()]
        wanted = [d["index"] for d in lite.get_output_details()]
        for frame in zip(*inputs, strict=True):
            for index, x in zip(sources, frame, strict=True):
                lite.set_tensor(index, x)
            lite.invoke()
            for index, found in zip(wanted, results, strict=True):
                found.append(lite.get_tensor(index).copy())
    return [np.stack(found) for found in results]
