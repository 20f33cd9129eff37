"""Operators that run on the host, bit for bit as the oracles compute them.

Each is prepared once, with every check that it needs, and then is a pure function on arrays.

node        an operator with its tensors, and the checks that operators share
scaling     requantisation with one multiplier for each channel
windows     kernels and pools that slide over height and width
convolution CONV_2D, DEPTHWISE_CONV_2D
dense       FULLY_CONNECTED
pooling     AVERAGE_POOL_2D, MAX_POOL_2D, MEAN
arithmetic  ADD
conversion  QUANTIZE, DEQUANTIZE
shape       RESHAPE, EXPAND_DIMS, SQUEEZE, PAD
activation  SOFTMAX, LOGISTIC
"""

from collections.abc import Callable

from ..compiler import ModelError, Oracle
from ..compiler.graph import Graph, Operator
from ..compiler.normalise import HINTS
from .activation import activation
from .arithmetic import add
from .conversion import dequantize, quantize
from .convolution import convolution, depthwise
from .dense import dense
from .node import Kernel, Node
from .pooling import average_pool, max_pool, mean
from .shape import pad, rename

__all__ = ["KERNELS", "Kernel", "prepare"]

#: How each operator is prepared.
KERNELS: dict[str, Callable[[Node], Kernel]] = {
    "ADD": add,
    "AVERAGE_POOL_2D": average_pool,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "DEQUANTIZE": dequantize,
    "EXPAND_DIMS": rename,
    "FULLY_CONNECTED": dense,
    "LOGISTIC": activation,
    "MAX_POOL_2D": max_pool,
    "MEAN": mean,
    "PAD": pad,
    "QUANTIZE": quantize,
    "RESHAPE": rename,
    "SOFTMAX": activation,
    "SQUEEZE": rename,
}


def prepare(graph: Graph, operator: Operator, oracle: Oracle) -> Kernel:
    """Prepare an operator.

    Parameters
        graph : with computed shapes folded (`compiler.shapes`)
    Returns
        function of the operator's inputs, those left out excepted, each [frames, *its shape],
        constants with one frame; it returns the output [frames, *its shape]
    Raises
        ModelError: an operator, type or parameter that is not supported
    """
    if operator.kind not in KERNELS:
        hint = HINTS.get(
            operator.kind, "change the model, or run this operator before or after in your program"
        )
        raise ModelError(
            f"{graph.where(operator)}: not supported (only {', '.join(KERNELS)}); {hint}"
        )
    return KERNELS[operator.kind](Node(graph, operator, oracle))
