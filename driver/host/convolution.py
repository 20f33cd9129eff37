"""CONV_2D and DEPTHWISE_CONV_2D in int8.

Sources: TensorFlow Lite, kernels/internal/reference/integer_ops/conv.h and depthwise_conv.h
(ConvPerChannel, DepthwiseConvPerChannel), kernels/kernel_util.cc
(PopulateConvolutionQuantizationParams).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..compiler.graph import Quantisation
from ..compiler.steps import constants
from .node import Array, Int64Array, Node
from .scaling import scaling
from .windows import windows

#: Values under kernels that are laid out in memory at a time.
_BLOCK = 1 << 22


def convolution(node: Node) -> Callable[[Array, Array, Array], Array]:
    """Prepare a CONV_2D: any kernel, stride, dilation and number of groups."""
    node.count(2, 3)
    source = node.inputs[0]
    given = node.int8(source, 4)
    weights, bias, scales = constants(node.where, node.inputs)
    node.require(
        weights.ndim == 4 and source.shape[3] % weights.shape[3] == 0,
        f"weights of shape {list(weights.shape)} do not fit {source.shape[3]} input channels; the "
        "file is damaged, convert the model again",
    )
    channels, height, width, depth = weights.shape
    groups = source.shape[3] // depth
    node.require(
        channels % groups == 0,
        f"{channels} output channels in {groups} groups; the file is damaged, convert the model "
        "again",
    )
    layout = windows(node, (height, width))
    node.shaped((source.shape[0], *layout.out, channels))
    # [group, values under the kernel, out channels of the group]: channel, height, width as
    # `Windows.patches` lays them out. Sums of integers are exact in float64.
    kernels = weights.transpose(0, 3, 1, 2).reshape(groups, channels // groups, -1)
    matrices = kernels.transpose(0, 2, 1).astype(np.float64)
    finish = _finish(
        node, given, np.abs(kernels.astype(np.int64)).sum(axis=2).reshape(-1), bias, scales
    )

    def sums(x: Array) -> Array:
        patches = layout.patches(x, 0)
        shape = (*patches.shape[:3], groups, -1)
        columns = np.moveaxis(patches.reshape(shape), 3, 0)
        products = columns.reshape(groups, -1, matrices.shape[1]) @ matrices
        return np.moveaxis(products, 0, 1).reshape(*patches.shape[:3], channels)

    each = max(1, _BLOCK // (layout.out[0] * layout.out[1] * matrices[..., 0].size))
    return _framed(given.zero_point, sums, finish, each)


def depthwise(node: Node) -> Callable[[Array, Array, Array], Array]:
    """Prepare a DEPTHWISE_CONV_2D: any kernel, stride, dilation and depth multiplier."""
    node.count(2, 3)
    source = node.inputs[0]
    given = node.int8(source, 4)
    weights, bias, scales = constants(node.where, node.inputs, axis=3)
    multiplier = node.operator.options["multiplier"]
    assert isinstance(multiplier, int)
    node.require(
        weights.ndim == 4
        and weights.shape[0] == 1
        and weights.shape[3] == source.shape[3] * multiplier,
        f"weights of shape {list(weights.shape)} do not fit {source.shape[3]} input channels with "
        f"depth multiplier {multiplier}; the file is damaged, convert the model again",
    )
    _, height, width, channels = weights.shape
    layout = windows(node, (height, width))
    node.shaped((source.shape[0], *layout.out, channels))
    kernels = weights.reshape(height, width, source.shape[3], -1).astype(np.float64)
    reach = np.abs(weights.astype(np.int64)).sum(axis=(0, 1, 2))
    finish = _finish(node, given, reach, bias, scales)

    def sums(x: Array) -> Array:
        patches = layout.patches(x, 0)
        total = np.zeros((*patches.shape[:4], kernels.shape[3]))
        for row in range(height):
            for column in range(width):
                total += patches[..., row, column, None] * kernels[row, column]
        return total.reshape(*patches.shape[:3], channels)

    each = max(1, _BLOCK // (layout.out[0] * layout.out[1] * channels))
    return _framed(given.zero_point, sums, finish, each)


def _finish(
    node: Node,
    given: Quantisation,
    weights: Int64Array,
    bias: Int64Array,
    scales: tuple[float, ...],
) -> Callable[[Array], npt.NDArray[np.int8]]:
    """Prepare bias, scaling and clamp.

    Parameters
        weights : int64 [channels], sum of the absolute weights of each channel
    """
    wanted, clamp = node.int8(node.output), node.clamp()
    reals = [given.scale * scale / wanted.scale for scale in scales]
    if len(reals) == 1:
        reals *= len(bias)
    furthest = max(127 - given.zero_point, 128 + given.zero_point)
    scale = scaling(node, reals, weights * furthest + np.abs(bias))

    def finish(sums: Array) -> npt.NDArray[np.int8]:
        scaled = scale(sums.astype(np.int64) + bias) + wanted.zero_point
        return np.clip(scaled, *clamp).astype(np.int8)

    return finish


def _framed(
    zero_point: int, sums: Callable[[Array], Array], finish: Callable[[Array], Array], each: int
) -> Callable[..., Array]:
    """Compute frames in blocks of bounded memory; the constants that come along are not read."""

    def run(x: Array, *_: Array) -> Array:
        frames = x.reshape(-1, *x.shape[2:])
        blocks = [
            finish(sums(frames[at : at + each].astype(np.float64) - zero_point))
            for at in range(0, max(1, len(frames)), each)
        ]
        out = np.concatenate(blocks)
        return out.reshape(*x.shape[:2], *out.shape[1:])

    return run
