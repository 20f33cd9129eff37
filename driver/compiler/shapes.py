"""Fold operators that compute a shape: SHAPE, STRIDED_SLICE and PACK, as a Flatten leaves them."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .errors import ModelError
from .graph import Graph, Operator

#: Operators that compute a shape.
SHAPES = frozenset({"SHAPE", "STRIDED_SLICE", "PACK"})

Int64Array = npt.NDArray[np.int64]


def fold_shapes(graph: Graph) -> Graph:
    """Turn computed shapes into constants, and drop the operators that compute them.

    Raises
        ModelError: an operator of this kind that computes something else
    """
    tensors = list(graph.tensors)
    for operator in graph.operators:
        if operator.kind in SHAPES:
            value = _value(Graph(tuple(tensors), (), (), ()), operator)
            index = operator.outputs[0]
            tensors[index] = replace(tensors[index], data=value)
    rest = tuple(operator for operator in graph.operators if operator.kind not in SHAPES)
    return replace(graph, tensors=tuple(tensors), operators=rest)


def check_reshape(graph: Graph, operator: Operator) -> None:
    """Refuse a RESHAPE to another shape than that of its output in the file.

    Raises
        ModelError: the two shapes
    """
    wanted = _constant(graph, operator.inputs[1]) if len(operator.inputs) > 1 else None
    if operator.kind != "RESHAPE" or wanted is None:
        return
    result = graph.tensors[operator.outputs[0]]
    sizes = wanted.reshape(-1).tolist()
    rest = math.prod(result.shape) // max(1, math.prod(n for n in sizes if n >= 0))
    if [n if n >= 0 else rest for n in sizes] != list(result.shape):
        raise ModelError(
            f"{graph.where(operator)}: asks for shape {sizes}, '{result.name}' has "
            f"{list(result.shape)}; convert with batch_size=1"
        )


def _constant(graph: Graph, index: int) -> Int64Array | None:
    data = graph.tensors[index].data if index >= 0 else None
    return None if data is None else data.astype(np.int64)


def _value(graph: Graph, operator: Operator) -> Int64Array:
    if operator.kind == "SHAPE":
        return np.array(graph.tensors[operator.inputs[0]].shape, np.int64)
    parts = [_constant(graph, i) for i in operator.inputs]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts) or not known:
        raise ModelError(
            f"{graph.where(operator)}: reads values, allowed is the computation of a shape only; "
            "convert with batch_size=1"
        )
    if operator.kind == "PACK":
        return np.array([int(part.reshape(-1)[0]) for part in known], np.int64)
    return _slice(graph.where(operator), operator, known)


def _slice(where: str, operator: Operator, parts: list[Int64Array]) -> Int64Array:
    options = operator.options
    if len(parts) != 4 or any(p.size != 1 for p in parts[1:]) or options["unsupported"]:
        raise ModelError(
            f"{where}: allowed is one range of a shape (begin, end, stride); convert with "
            "batch_size=1"
        )
    begin, end, stride = (int(part.reshape(-1)[0]) for part in parts[1:])
    values = parts[0].reshape(-1)
    if options["shrink"]:
        return np.asarray(values[begin], np.int64)
    return values[
        slice(None if options["begin"] else begin, None if options["end"] else end, stride)
    ]
