"""SOFTMAX and LOGISTIC in int8: see compiler.tail."""

from ..compiler.steps import tail
from ..compiler.tail import check, finish
from .node import Array, Kernel, Node


def activation(node: Node) -> Kernel:
    """Prepare a SOFTMAX or LOGISTIC."""
    node.count(1)
    node.int8(node.inputs[0])
    node.int8(node.output)
    step = tail(node.operator, node.where, node.inputs[0], node.output)
    check(step, node.oracle)

    def run(x: Array) -> Array:
        return finish(step, x, node.oracle)

    return run
