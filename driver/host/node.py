"""An operator with its tensors, and the checks that operators share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..compiler import ModelError, Oracle
from ..compiler.graph import Graph, Operator, Quantisation, Tensor
from ..compiler.quantise import activation_range
from ..compiler.steps import activation, check_activation

Array = npt.NDArray[Any]
Int64Array = npt.NDArray[np.int64]

#: Inputs [frames, *shape] to the output [frames, *shape].
Kernel = Callable[..., Array]


@dataclass(frozen=True, eq=False)
class Node:
    """An operator in its graph."""

    graph: Graph
    operator: Operator
    oracle: Oracle

    @property
    def where(self) -> str:
        """The operator's name, for messages."""
        return self.graph.where(self.operator)

    @property
    def inputs(self) -> list[Tensor]:
        """Tensors that are read."""
        return [self.graph.tensors[i] for i in self.operator.inputs if i >= 0]

    @property
    def output(self) -> Tensor:
        """The one tensor that is written."""
        return self.graph.tensors[self.operator.outputs[0]]

    def require(self, condition: bool, text: str) -> None:
        """Refuse the operator where the condition does not hold.

        Raises
            ModelError: the operator's name with `text`
        """
        if not condition:
            raise ModelError(f"{self.where}: {text}")

    def count(self, *allowed: int) -> None:
        """Refuse another number of inputs, or more than one output."""
        inputs, outputs = len(self.inputs), len(self.operator.outputs)
        self.require(
            inputs in allowed and outputs == 1,
            f"{inputs} inputs and {outputs} outputs, allowed is "
            f"{' or '.join(map(str, allowed))} and 1; convert the model again",
        )

    def int8(self, tensor: Tensor, rank: int | None = None) -> Quantisation:
        """Refuse anything but int8 with one scale; return the scale and zero point."""
        check_activation(tensor, self.where)
        assert tensor.quantisation is not None
        if rank is not None:
            self.require(
                len(tensor.shape) == rank,
                f"'{tensor.name}' has shape {list(tensor.shape)}, expected {rank} axes; convert "
                "the model again",
            )
        return tensor.quantisation

    def shaped(self, expected: tuple[int, ...]) -> None:
        """Refuse an output whose shape in the file is not the one that is computed."""
        self.require(
            self.output.shape == expected and all(n > 0 for n in expected),
            f"'{self.output.name}' has shape {list(self.output.shape)}, its operator makes "
            f"{list(expected)}; the file is damaged, convert the model again",
        )

    def clamp(self) -> tuple[int, int]:
        """Quantise the range of the fused activation."""
        q = self.int8(self.output)
        low, high = activation_range(activation(self.operator, self.where), q)
        self.require(
            low <= high,
            f"its activation's range is empty in the output's scale ({low} to {high}); convert it "
            "with a representative dataset",
        )
        return low, high
