"""Shapes that are computed in the file, as constants."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from modelgen import Builder

from otus.driver.compiler.errors import ModelError
from otus.driver.compiler.importer import import_model
from otus.driver.compiler.shapes import check_reshape, fold_shapes


def flatten(b: Builder, last: int) -> int:
    """Reshape to [batch, last], the batch taken from the input's shape."""
    x = b.input([2, 3, 4], 0.1, 0)
    shape = b.tensor([3], dtype="INT32", name="shape")
    b.operator("SHAPE", [x], [shape], schema.ShapeOptionsT())
    bounds = [b.tensor([1], dtype="INT32", data=np.array([n], np.int32)) for n in (0, 1, 1)]
    batch = b.tensor([], dtype="INT32", name="batch")
    options = schema.StridedSliceOptionsT()
    options.shrinkAxisMask = 1
    b.operator("STRIDED_SLICE", [shape, *bounds], [batch], options)
    size = b.tensor([], dtype="INT32", data=np.array(last, np.int32))
    packed = b.tensor([2], dtype="INT32", name="packed")
    pack = schema.PackOptionsT()
    pack.valuesCount = 2
    b.operator("PACK", [batch, size], [packed], pack)
    result = b.tensor([2, 12], 0.1, 0, name="flat")
    b.operator("RESHAPE", [x, packed], [result], schema.ReshapeOptionsT())
    return result


@pytest.mark.parametrize("last", [12, -1])
def test_a_flatten_becomes_one_reshape(last: int) -> None:
    b = Builder()
    graph = fold_shapes(import_model(b.build(flatten(b, last))))
    (operator,) = graph.operators
    assert operator.kind == "RESHAPE"
    data = graph.tensors[operator.inputs[1]].data
    assert data is not None
    assert data.tolist() == [2, last]
    check_reshape(graph, operator)


def test_a_reshape_to_another_shape_is_refused() -> None:
    b = Builder()
    graph = fold_shapes(import_model(b.build(flatten(b, 6))))
    with pytest.raises(
        ModelError, match=r"'flat'\): asks for shape \[2, 6\], 'flat' has \[2, 12\]"
    ):
        check_reshape(graph, graph.operators[0])


def test_shapes_of_values_are_refused() -> None:
    b = Builder()
    x = b.input([1, 4], 0.1, 0)
    out = b.tensor([1, 1, 4], 0.1, 0)
    pack = schema.PackOptionsT()
    pack.valuesCount = 1
    b.operator("PACK", [x], [out], pack)
    with pytest.raises(ModelError, match="reads values, allowed is the computation of a shape"):
        fold_shapes(import_model(b.build(out)))
