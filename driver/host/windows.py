"""Kernels and pools that slide over height and width."""

from dataclasses import dataclass

import numpy as np

from ..compiler.steps import padding
from .node import Array, Node


@dataclass(frozen=True)
class Windows:
    """Where windows lie, (height, width) each.

    Parameters
        pad : rows above and columns left of the input
        out : positions
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pad: tuple[int, int]
    out: tuple[int, int]

    def patches(self, x: Array, fill: int) -> Array:
        """View what each window covers.

        Parameters
            x : [n, height, width, channels]
            fill : what lies outside
        Returns
            [n, *out, channels, *size], a view
        """
        spans = [(k - 1) * d + 1 for k, d in zip(self.size, self.dilation, strict=True)]
        around = [(0, 0)]
        ends = []
        for i in range(2):
            end = (self.out[i] - 1) * self.stride[i] + spans[i]
            around.append((self.pad[i], max(0, end - self.pad[i] - x.shape[1 + i])))
            ends.append(end)
        padded = np.pad(x, (*around, (0, 0)), constant_values=fill)[:, : ends[0], : ends[1]]
        views = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=(1, 2))
        (sh, sw), (dh, dw) = self.stride, self.dilation
        return views[:, ::sh, ::sw, :, ::dh, ::dw]


def windows(node: Node, size: tuple[int, int]) -> Windows:
    """Lay out the windows of an operator.

    Raises
        ModelError: padding that is neither SAME nor VALID, or a stride or dilation below 1
    """
    options, shape = node.operator.options, node.inputs[0].shape
    stride, dilation = _pair(options["stride"]), _pair(options.get("dilation", (1, 1)))
    node.require(
        min(*stride, *dilation, *size) >= 1,
        f"window {size}, stride {stride} and dilation {dilation}, allowed is 1 and more; convert "
        "the model again",
    )
    along = [
        padding(options["padding"], shape[1 + i], (size[i] - 1) * dilation[i] + 1, stride[i])
        for i in range(2)
    ]
    return Windows(size, stride, dilation, (along[0][1], along[1][1]), (along[0][0], along[1][0]))


def _pair(value: object) -> tuple[int, int]:
    assert isinstance(value, tuple)
    height, width = value
    return height, width
