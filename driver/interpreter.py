"""The interpreter's interface of TensorFlow Lite, on an accelerator.

Names, parameters, dictionaries, types and kinds of errors are those of
`tflite_runtime.interpreter` and LiteRT 2's `ai_edge_litert.interpreter`, so that a program changes
one import. What those do not have, the device and the oracle, is given as `device=` and
`oracle=`, or in the environment as OTUS_DEVICE and OTUS_ORACLE.
"""

import enum
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..arch.geometry import Geometry
from .compiler import Oracle
from .compiler.graph import NUMPY, Signature, Tensor
from .device import Device
from .executor import execute
from .link import open_link
from .plan import Plan, compile_graph

Array = npt.NDArray[Any]

#: Where device and oracle are named for programs that do not.
DEVICE = "OTUS_DEVICE"
ORACLE = "OTUS_ORACLE"


class OpResolverType(enum.Enum):
    """Kernels of TensorFlow Lite, accepted for its programs' sake: `oracle` chooses ours."""

    AUTO = 0
    BUILTIN = 1
    BUILTIN_REF = 2
    BUILTIN_WITHOUT_DEFAULT_DELEGATES = 3


class Delegate:
    """Stands for another accelerator's delegate, whose place the device takes."""

    def __init__(self, library: str, options: Mapping[str, Any] | None = None) -> None:
        self.library = library
        self.options = dict(options or {})


def load_delegate(library: str, options: Mapping[str, Any] | None = None) -> Delegate:
    """Take the place of an Edge TPU's delegate.

    Raises
        ValueError: another delegate
    """
    if "edgetpu" not in library:
        raise ValueError(
            f"load_delegate: got {library!r}, allowed is the Edge TPU's (its place is taken by the "
            "accelerator); run the model without delegates"
        )
    return Delegate(library, options)


class Interpreter:
    """Run a model.

    Parameters
        model_path, model_content : the .tflite file, or its bytes: one of the two
        experimental_delegates : of `load_delegate`; the device takes their place
        num_threads : accepted; the host's operators run on one
        experimental_op_resolver_type : accepted; `oracle` says whose kernels are repeated
        experimental_preserve_all_tensors : run operator by operator, so that `get_tensor` gives
            every tensor
        experimental_disable_delegate_clustering and the other switches of delegates : accepted
        device : as for `driver.link.open_link`; None takes the environment's OTUS_DEVICE, or the
            simulated device
        geometry : of a simulated device, such as `8x8`; a board knows its own
        oracle : runtime whose results are reproduced bit for bit, `tflm` or `litert`; None takes
            the environment's OTUS_ORACLE, or `tflm`
    Raises
        ValueError: neither or both of path and content, or another parameter's value
        ModelError: the model is damaged or not supported
        DriverError: the device cannot be opened
    """

    def __init__(
        self,
        model_path: str | os.PathLike[str] | None = None,
        model_content: bytes | None = None,
        experimental_delegates: Sequence[Delegate] | None = None,
        num_threads: int | None = None,
        experimental_op_resolver_type: object = OpResolverType.AUTO,
        experimental_preserve_all_tensors: bool = False,
        experimental_disable_delegate_clustering: bool = False,
        experimental_default_delegate_latest_features: bool = False,
        experimental_compress_quantization_zero_points: bool = False,
        experimental_disable_delegate_node_fusion: bool = False,
        experimental_force_delegate_node_profiling: bool = False,
        *,
        device: str | None = None,
        geometry: Geometry | str | None = None,
        oracle: Oracle | None = None,
    ) -> None:
        del experimental_disable_delegate_clustering
        del experimental_default_delegate_latest_features
        del experimental_disable_delegate_node_fusion
        del experimental_force_delegate_node_profiling
        if bool(model_path) == bool(model_content):
            raise ValueError("give model_path or model_content, and not both")
        if num_threads is not None and (not isinstance(num_threads, int) or num_threads < 1):
            raise ValueError(f"num_threads: got {num_threads!r}, allowed is an int from 1 on")
        if getattr(experimental_op_resolver_type, "name", "") not in OpResolverType.__members__:
            raise ValueError(
                f"experimental_op_resolver_type: got {experimental_op_resolver_type!r}, allowed is "
                f"one of {', '.join(OpResolverType.__members__)}"
            )
        for delegate in experimental_delegates or ():
            if not isinstance(delegate, Delegate):
                raise ValueError(
                    f"experimental_delegates: got {delegate!r}, allowed is what "
                    "otus.driver.interpreter.load_delegate returns; leave it out"
                )
        self._compress = experimental_compress_quantization_zero_points
        source = bytes(model_content) if model_content else Path(model_path or "")
        wanted = Geometry.parse(geometry) if isinstance(geometry, str) else geometry
        name = device or os.environ.get(DEVICE) or "sim"
        # An unknown name is refused by the compiler.
        runtime = cast(Oracle, oracle or os.environ.get(ORACLE) or "tflm")
        self._device = Device(open_link(name, wanted), wanted)
        try:
            self._plan = compile_graph(
                source,
                self._device.geometry,
                runtime,
                every_tensor=experimental_preserve_all_tensors,
            )
        except BaseException:
            self._device.close()
            raise
        #: Values as the caller sees them; none before `allocate_tensors`.
        self._values: dict[int, Array] = {}

    @property
    def plan(self) -> Plan:
        """What runs where."""
        return self._plan

    def allocate_tensors(self) -> None:
        """Load the model onto the device and make the tensors; needed before all else."""
        if self._plan.resident:
            self._device.load(*self._plan.programs)
        graph = self._plan.graph
        for index in (*graph.inputs, *graph.outputs):
            tensor = graph.tensors[index]
            self._values[index] = np.zeros(tensor.shape, NUMPY[tensor.dtype])

    def num_subgraphs(self) -> int:
        """Count the subgraphs of the model."""
        return 1

    def get_tensor_details(self, subgraph_index: int = 0) -> list[dict[str, Any]]:
        """Describe every tensor of the model."""
        _primary(subgraph_index)
        return [_details(t) for t in self._plan.graph.tensors if t.dtype in NUMPY]

    def get_input_details(self) -> list[dict[str, Any]]:
        """Describe the inputs: name, index, shape, dtype, quantization."""
        return [_details(t) for t in self._plan.inputs]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Describe the outputs: name, index, shape, dtype, quantization."""
        return [_details(t) for t in self._plan.outputs]

    def set_tensor(self, tensor_index: int, value: Array) -> None:
        """Set an input; the values are copied.

        Raises
            ValueError: another index, shape or type (what was given, what is expected)
        """
        graph = self._plan.graph
        if tensor_index not in graph.inputs:
            raise ValueError(
                f"set_tensor: got index {tensor_index}, allowed is {_listed(graph.inputs)} (the "
                "inputs)"
            )
        found = self._value(tensor_index)
        name, value = graph.tensors[tensor_index].name, np.asarray(value)
        if value.dtype != found.dtype:
            floats = value.dtype.kind == "f" and found.dtype.kind in "iu"
            hint = "quantise with round(x / scale) + zero_point" if floats else "convert it"
            raise ValueError(f"input '{name}': got {value.dtype}, expected {found.dtype}; {hint}")
        if value.shape != found.shape:
            raise ValueError(
                f"input '{name}': got shape {list(value.shape)}, expected {list(found.shape)}"
            )
        found[...] = value

    def resize_tensor_input(
        self, input_index: int, tensor_size: Sequence[int], strict: bool = False
    ) -> None:
        """Keep the shape of an input.

        Raises
            ValueError: another shape than the model has: it is compiled for this one
        """
        del strict
        if input_index not in self._plan.graph.inputs:
            raise ValueError(
                f"resize_tensor_input: got index {input_index}, allowed is "
                f"{_listed(self._plan.graph.inputs)} (the inputs)"
            )
        tensor = self._plan.graph.tensors[input_index]
        if tuple(int(n) for n in tensor_size) != tensor.shape:
            raise ValueError(
                f"resize_tensor_input: '{tensor.name}' is compiled for {list(tensor.shape)}, got "
                f"{[int(n) for n in tensor_size]}; invoke once for each input, or convert the "
                "model with this shape"
            )

    def invoke(self) -> None:
        """Compute the outputs from the inputs.

        Raises
            RuntimeError: before `allocate_tensors`
            DriverError: no result from the device
            ValueError: values of an input that cannot be quantised
        """
        if not self._values:
            raise RuntimeError("the tensors are not allocated; call allocate_tensors() first")
        inputs = {i: self._values[i] for i in self._plan.graph.inputs}
        frames = {i: value[None] for i, value in inputs.items()}
        # Where the run fails nothing of an earlier one may be taken for its result.
        before, self._values = self._values, inputs
        found = execute(self._plan, self._device, frames).tensors
        for index in found.keys() - inputs.keys():
            # In place, for those who hold a view.
            value = before.get(index, np.empty_like(found[index][0]))
            value[...] = found[index][0]
            self._values[index] = value

    def get_tensor(self, tensor_index: int, subgraph_index: int = 0) -> Array:
        """Return a copy of a tensor: an input, an output, a constant, or one between parts.

        Raises
            ValueError: no such tensor, not computed yet, or it stays on the accelerator
        """
        _primary(subgraph_index)
        return self._value(tensor_index).copy()

    def tensor(self, tensor_index: int) -> Callable[[], Array]:
        """Return a function that gives the values of a tensor, to be read and written in place."""
        return lambda: self._value(tensor_index)

    def reset_all_variables(self) -> None:
        """Do nothing: models with variables are not supported."""

    @property
    def experimental_compress_quantization_zero_points(self) -> bool:
        """As it was given."""
        return self._compress

    def get_signature_list(self) -> dict[str, dict[str, list[str]]]:
        """Name the signatures, and the inputs and outputs of each."""
        return {
            key: {"inputs": list(s.inputs), "outputs": list(s.outputs)}
            for key, s in self._plan.graph.signatures.items()
        }

    def get_signature_runner(self, signature_key: str | None = None) -> "SignatureRunner":
        """Return a function that takes the inputs by name, and returns the outputs by name.

        Parameters
            signature_key : None where the model has one signature
        Raises
            ValueError: another key, or None where there is not one signature
        """
        signatures = self._plan.graph.signatures
        if signature_key is None and len(signatures) == 1:
            signature_key = next(iter(signatures))
        if signature_key is None or signature_key not in signatures:
            raise ValueError(
                f"signature_key: got {signature_key!r}, the model has "
                f"{_listed(signatures) or 'no signatures'}"
            )
        return SignatureRunner(self, signatures[signature_key])

    def close(self) -> None:
        """Close the device."""
        self._device.close()

    def _value(self, index: int) -> Array:
        tensors = self._plan.graph.tensors
        if index not in range(len(tensors)):
            raise ValueError(
                f"got tensor index {index}, the model has tensors 0 to {len(tensors) - 1}"
            )
        if index in self._values:
            return self._values[index]
        tensor = tensors[index]
        if tensor.data is not None and tensor.dtype in NUMPY:
            return np.asarray(tensor.data)
        if not self._values:
            raise ValueError("the tensors are not allocated; call allocate_tensors() first")
        raise ValueError(
            f"tensor {index} '{tensor.name}' is not computed yet, or stays on the accelerator; "
            "invoke() first, with experimental_preserve_all_tensors=True"
        )


class SignatureRunner:
    """A function from named inputs to named outputs, made by `get_signature_runner`."""

    def __init__(self, interpreter: Interpreter, signature: Signature) -> None:
        self._interpreter = interpreter
        self._signature = signature

    def __call__(self, **inputs: Array) -> dict[str, Array]:
        """Run the model.

        Raises
            ValueError: other inputs, or other shapes or types of them
        """
        names = self._signature.inputs
        if inputs.keys() != names.keys():
            raise ValueError(f"got the inputs {_listed(inputs)}, expected {_listed(names)}")
        self._interpreter.allocate_tensors()
        for name, value in inputs.items():
            self._interpreter.set_tensor(names[name], value)
        self._interpreter.invoke()
        outputs = self._signature.outputs.items()
        return {name: self._interpreter.get_tensor(index) for name, index in outputs}

    def get_input_details(self) -> dict[str, dict[str, Any]]:
        """Describe the inputs by name."""
        return self._described(self._signature.inputs)

    def get_output_details(self) -> dict[str, dict[str, Any]]:
        """Describe the outputs by name."""
        return self._described(self._signature.outputs)

    def _described(self, names: Mapping[str, int]) -> dict[str, dict[str, Any]]:
        tensors = self._interpreter.plan.graph.tensors
        return {name: _details(tensors[index]) for name, index in names.items()}


def _details(tensor: Tensor) -> dict[str, Any]:
    q = tensor.quantisation
    whole = q is not None and len(q.scales) == 1
    return {
        "name": tensor.name,
        "index": tensor.index,
        "shape": np.array(tensor.shape, np.int32),
        "shape_signature": np.array(tensor.signature, np.int32),
        "dtype": NUMPY[tensor.dtype].type,
        "quantization": (q.scale, q.zero_point) if q is not None and whole else (0.0, 0),
        "quantization_parameters": {
            "scales": np.array(q.scales if q else (), np.float32),
            "zero_points": np.array(q.zero_points if q else (), np.int32),
            "quantized_dimension": q.axis if q else 0,
            "block_size": 0,
        },
        "sparsity_parameters": {},
    }


def _primary(subgraph_index: int) -> None:
    if subgraph_index != 0:
        raise ValueError(f"subgraph_index: got {subgraph_index}, the model has 1 subgraph: 0")


def _listed(items: Any) -> str:
    return ", ".join(map(str, items))
