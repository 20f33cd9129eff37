"""From a Graph to a Chain: one step after another in [time][channel] order.

Operators that only rename a shape disappear: RESHAPE, EXPAND_DIMS, SQUEEZE, and the SHAPE,
STRIDED_SLICE and PACK that compute a Flatten's shape. A SOFTMAX or LOGISTIC at the end becomes the
tail.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from . import steps
from .errors import ModelError
from .graph import (
    ALONG,
    Chain,
    Graph,
    Linear,
    Operator,
    Shape,
    Step,
    Tail,
    Tensor,
)
from .shapes import SHAPES, check_reshape, fold_shapes

#: Operators that leave the order of values as it is.
RENAMING = frozenset({"RESHAPE", "EXPAND_DIMS", "SQUEEZE"})
TAILS = frozenset({"SOFTMAX", "LOGISTIC"})
ACCEPTED = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "ADD",
    *sorted(RENAMING | SHAPES | TAILS),
)


def normalise(graph: Graph) -> Chain:
    """Reduce a graph to a chain of steps.

    Raises
        ModelError: an operator, type or shape that is not supported
    """
    return _Normaliser(fold_shapes(graph)).chain()


class _Normaliser:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._steps: list[Step] = []
        self._tail: Tail | None = None

    def chain(self) -> Chain:
        graph = self._graph
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            raise ModelError(
                f"the model has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, "
                "allowed is 1 of each; split it into models of one input and one output"
            )
        source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
        for tensor, role in ((source, "input"), (result, "output")):
            steps.check_activation(tensor, f"the model's {role} '{tensor.name}'")
        if source.shape[:1] != (1,):
            raise ModelError(
                f"the model's input '{source.name}' has shape {list(source.shape)}: the first axis "
                "is the batch, allowed is 1; convert with batch_size=1 (inputs are batched by the "
                "driver)"
            )
        current, logits = source, source
        for operator in graph.operators:
            current = self._step(operator, current)
            if self._tail is None:
                logits = current
        if current is not result:
            raise ModelError(
                f"the model's output '{result.name}' is not the end of its chain of operators "
                f"('{current.name}' is); remove the operators after it"
            )
        if result.shape[:1] != (1,):
            raise ModelError(
                f"the model's output '{result.name}' has shape {list(result.shape)}: the first "
                "axis is the batch, allowed is 1; reshape it at the end"
            )
        if not self._steps:
            raise ModelError(
                "the model has no CONV_2D, FULLY_CONNECTED or MAX_POOL_2D: nothing for the "
                "accelerator to compute"
            )
        return Chain(source, reconcile(widen(self._steps)), self._tail, logits, result)

    def _step(self, operator: Operator, current: Tensor) -> Tensor:
        where = self._graph.where(operator)
        if operator.kind not in ACCEPTED:
            hint = HINTS.get(
                operator.kind, "change the model, or run this operator before or after on the host"
            )
            raise ModelError(f"{where}: not supported (only {', '.join(ACCEPTED)}); {hint}")
        inputs = [self._graph.tensors[i] for i in operator.inputs if i >= 0]
        if len(operator.outputs) != 1 or not inputs:
            raise ModelError(f"{where}: expected inputs and one output; convert the model again")
        if operator.kind == "ADD" and inputs[0] is not current:
            inputs.reverse()
        if inputs[0] is not current:
            raise ModelError(
                f"{where}: reads '{inputs[0].name}' instead of '{current.name}', the output of the "
                "operator before it; only a chain of operators is supported, without branches"
            )
        result = self._graph.tensors[operator.outputs[0]]
        steps.check_activation(result, where)
        if self._tail is not None and operator.kind not in RENAMING:
            raise ModelError(
                f"{where}: follows {self._tail.where}, which is allowed at the end only; remove it"
            )
        match operator.kind:
            case "CONV_2D" | "DEPTHWISE_CONV_2D":
                self._steps.append(steps.conv(operator, where, inputs, result))
            case "FULLY_CONNECTED":
                self._steps.append(steps.dense(operator, where, inputs, result))
            case "MAX_POOL_2D":
                self._steps.append(steps.pool(operator, where, current, result))
            case "ADD":
                self._steps.append(steps.offset(operator, where, inputs, result))
            case "SOFTMAX" | "LOGISTIC":
                self._tail = steps.tail(operator, where, current, result)
            case _:
                self._rename(operator, where, current, result)
        return result

    # Shapes

    def _rename(self, operator: Operator, where: str, source: Tensor, result: Tensor) -> None:
        if math.prod(source.shape) != math.prod(result.shape):
            raise ModelError(
                f"{where}: {list(source.shape)} to {list(result.shape)} changes the number of "
                "values; convert the model again"
            )
        before, after = steps.quantised(source), steps.quantised(result)
        if before.zero_point != after.zero_point or before.scale != after.scale:
            raise ModelError(
                f"{where}: changes scale or zero point ({before.scale:g}, {before.zero_point} to "
                f"{after.scale:g}, {after.zero_point}), allowed is the same on both sides; convert "
                "the model again"
            )
        check_reshape(self._graph, operator)


#: What to do about operators that are met often.
HINTS = {
    "QUANTIZE": "convert with inference_input_type = inference_output_type = tf.int8",
    "DEQUANTIZE": "convert with inference_input_type = inference_output_type = tf.int8",
    "AVERAGE_POOL_2D": "use MaxPooling1D, or a convolution with constant weights",
    "MEAN": "use Flatten and Dense instead of a global average",
    "RELU": "let the converter fuse it: activation='relu' in the layer before",
    "RELU6": "let the converter fuse it: use tf.nn.relu6 right after the layer",
    "MUL": "fold batch normalisation into the layer before (train with it, convert for inference)",
}


def widen(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Let a first kernel that is as wide as its image take each line as the channels of one row.

    The host lays the input out, so that nothing moves in memory; few channels would waste rows.
    """
    first = steps[0]
    if (
        not isinstance(first, Linear)
        or first.source.lines == 1
        or first.depthwise
        or (first.kernel, first.result.time, first.pad) != (first.source.time, 1, 0)
    ):
        return tuple(steps)
    source, down = first.source, first.down
    wide = replace(
        first,
        source=Shape(source.lines, source.time * source.channels),
        result=first.result.flat,
        weights=first.weights.reshape(len(first.weights), down.kernel, -1),
        stride=down.stride,
        pad=down.pad,
        down=ALONG,
    )
    return (wide, *steps[1:])


def reconcile(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Give a dense layer after a Flatten the shape that the step before it writes.

    A kernel that covers its whole input once does not depend on how the input is cut into rows, so
    that the padded channels of the rows in memory only permute its weights.
    """
    out = list(steps[:1])
    for step in steps[1:]:
        before = out[-1].result
        if (
            isinstance(step, Linear)
            and step.whole
            and step.source != before.flat
            and step.source.size == before.size
        ):
            weights = step.weights.reshape(-1, before.rows, before.channels)
            step = replace(step, source=before.flat, weights=weights, down=ALONG)
        out.append(step)
    return tuple(out)
