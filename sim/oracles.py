"""The runtimes that define "bit-exact": run an int8 model on many inputs.

tflm    tflite-micro's reference kernels
litert  ai-edge-litert with OpResolverType.BUILTIN_REF: reference kernels, no XNNPACK
"""

import importlib.util
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

Int8Array = npt.NDArray[np.int8]

PACKAGES = {"tflm": "tflite_micro", "litert": "ai_edge_litert"}


def available(oracle: str) -> bool:
    """Whether the oracle's package is installed (`pip install "otus[oracle]"`)."""
    return importlib.util.find_spec(PACKAGES[oracle]) is not None


def provenance(oracle: str) -> str:
    """Package and version of the oracle."""
    return f"{PACKAGES[oracle]} {version(PACKAGES[oracle])}"


def _tflm(model: bytes, inputs: Int8Array) -> Int8Array:
    from tflite_micro.python.tflite_micro import runtime

    arena = 65_536 + 8 * len(model)
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena)
    outputs = []
    for sample in inputs:
        interpreter.set_input(sample[None], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0).copy())
    return np.concatenate(outputs)


def _litert(model: bytes, inputs: Int8Array) -> Int8Array:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    outputs = []
    for sample in inputs:
        interpreter.set_tensor(source, sample[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(result).copy())
    return np.concatenate(outputs)


_RUN: dict[str, Callable[[bytes, Int8Array], Int8Array]] = {"tflm": _tflm, "litert": _litert}


def run(oracle: str, model: bytes, inputs: Int8Array) -> Int8Array:
    """Run the model on each input.

    Parameters
        model : the .tflite file
        inputs : int8 [n, ...], the model's input without its batch axis
    Returns
        int8 [n, ...], the model's output without its batch axis
    """
    return _RUN[oracle](model, inputs)
