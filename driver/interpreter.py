"""The interpreter's interface of TensorFlow Lite, on an accelerator.

Method names, dictionaries and types are those of `tflite_runtime.interpreter.Interpreter`
(LiteRT 2: `ai_edge_litert.interpreter.Interpreter`), so that a program changes one import.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arch.geometry import Geometry
from .compiler import Oracle, TensorSpec, compile_model
from .device import Device
from .link import open_link


class Interpreter:
    """Run one int8 model.

    Parameters
        model_path, model_content : the .tflite file, or its bytes: one of the two
        device : as for `driver.link.open_link`
        geometry : of a simulated device, such as `8x8`; a board knows its own
        oracle : runtime whose results are reproduced bit for bit, `tflm` or `litert`
    Raises
        ValueError: neither or both of path and content
        ModelError: the model is damaged or not supported
        DriverError: the device cannot be opened
    """

    def __init__(
        self,
        model_path: str | Path | None = None,
        model_content: bytes | None = None,
        device: str = "sim",
        geometry: Geometry | str | None = None,
        oracle: Oracle = "tflm",
    ) -> None:
        source = model_path if model_path is not None else model_content
        if source is None or (model_path is not None and model_content is not None):
            raise ValueError("give model_path or model_content, and not both")
        wanted = Geometry.parse(geometry) if isinstance(geometry, str) else geometry
        self._device = Device(open_link(device, wanted), wanted)
        try:
            self._program = compile_model(source, self._device.geometry, oracle)
        except Exception:
            self._device.close()
            raise
        self._specs = (self._program.input, self._program.output)
        self._tensors: list[npt.NDArray[np.int8] | None] = [None, None]

    def allocate_tensors(self) -> None:
        """Load the model onto the device and make the tensors; needed before all else."""
        self._device.load(self._program)
        self._tensors = [np.zeros(spec.shape, np.int8) for spec in self._specs]

    def get_input_details(self) -> list[dict[str, Any]]:
        """Describe the inputs: name, index, shape, dtype, quantization."""
        return [_details(0, self._specs[0])]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Describe the outputs: name, index, shape, dtype, quantization."""
        return [_details(1, self._specs[1])]

    def set_tensor(self, tensor_index: int, value: npt.NDArray[np.int8]) -> None:
        """Set the input.

        Raises
            ValueError: another index, shape or type (what was given, what is expected)
        """
        if tensor_index != 0:
            raise ValueError(f"set_tensor: got index {tensor_index}, allowed is 0 (the input)")
        tensor, spec, value = self._tensor(0), self._specs[0], np.asarray(value)
        if value.dtype != np.int8:
            raise ValueError(
                f"input '{spec.name}': got {value.dtype}, expected int8; quantise with "
                "round(x / scale) + zero_point"
            )
        if value.shape != tensor.shape:
            raise ValueError(
                f"input '{spec.name}': got shape {list(value.shape)}, expected {list(tensor.shape)}"
            )
        tensor[...] = value

    def invoke(self) -> None:
        """Compute the output from the input.

        Raises
            DriverError: no result from the device
        """
        inputs, output = self._tensor(0), self._tensor(1)
        logits = self._device.run(self._program, inputs).logits
        output[...] = self._program.finish(logits)

    def get_tensor(self, tensor_index: int) -> npt.NDArray[np.int8]:
        """Return a copy of the input (0) or of the output (1)."""
        if tensor_index not in (0, 1):
            raise ValueError(f"get_tensor: got index {tensor_index}, allowed is 0 or 1")
        return self._tensor(tensor_index).copy()

    def close(self) -> None:
        """Close the device."""
        self._device.close()

    def _tensor(self, index: int) -> npt.NDArray[np.int8]:
        tensor = self._tensors[index]
        if tensor is None:
            raise RuntimeError("the tensors are not allocated; call allocate_tensors() first")
        return tensor


def _details(index: int, spec: TensorSpec) -> dict[str, Any]:
    shape = np.array(spec.shape, np.int32)
    return {
        "name": spec.name,
        "index": index,
        "shape": shape,
        "shape_signature": shape.copy(),
        "dtype": np.int8,
        "quantization": (spec.scale, spec.zero_point),
        "quantization_parameters": {
            "scales": np.array([spec.scale], np.float32),
            "zero_points": np.array([spec.zero_point], np.int32),
            "quantized_dimension": 0,
        },
        "sparsity_parameters": {},
    }
