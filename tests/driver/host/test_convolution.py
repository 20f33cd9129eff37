"""CONV_2D and DEPTHWISE_CONV_2D on the host."""

import numpy as np
import pytest
from host_operators import Make, agree, prepared, refuse
from modelgen import Builder


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_random_models_agree_with_the_oracles(kind: str) -> None:
    agree(kind)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.int8)


def test_many_frames_are_computed_in_blocks() -> None:
    def make(b: Builder) -> int:
        x = b.input([1, 40, 40, 4], 0.1, 0)
        return b.conv(x, ones(2, 5, 5, 4), np.zeros(2, np.int32), 0.01, (0.1, 0), same=True)

    kernel = prepared(make)
    frames = np.random.default_rng(0).integers(-128, 128, (60, 1, 40, 40, 4)).astype(np.int8)
    together = kernel(frames)
    assert together.shape == (60, 1, 40, 40, 2)
    for i in (0, 30, 59):
        np.testing.assert_array_equal(together[i], kernel(frames[i : i + 1])[0])


def groups(b: Builder) -> int:
    x = b.input([1, 4, 4, 6], 0.1, 0)
    return b.conv(x, ones(4, 1, 1, 4), None, 0.1, (0.1, 0))


def uneven(b: Builder) -> int:
    x = b.input([1, 4, 4, 6], 0.1, 0)
    return b.conv(x, ones(4, 1, 1, 2), None, 0.1, (0.1, 0))


def overflow(b: Builder) -> int:
    x = b.input([1, 4, 4, 1], 0.1, 0)
    bias = np.array([2_000_000_000], np.int32)
    return b.conv(x, ones(1, 1, 1, 1), bias, 1.0, (0.05, 0))


def damaged_shape(b: Builder) -> int:
    x = b.input([1, 4, 4, 1], 0.1, 0)
    y = b.conv(x, ones(1, 3, 3, 1), None, 0.1, (0.1, 0))
    b.graph.tensors[y].shape = [1, 4, 4, 1]
    return y


def other_multiplier(b: Builder) -> int:
    x = b.input([1, 4, 4, 2], 0.1, 0)
    y = b.depthwise(x, ones(1, 3, 3, 4), None, 0.1, (0.1, 0))
    b.graph.operators[0].builtinOptions.depthMultiplier = 3
    return y


def flat_input(b: Builder) -> int:
    x = b.input([1, 4, 4, 2], 0.1, 0)
    y = b.conv(x, ones(1, 3, 3, 2), None, 0.1, (0.1, 0))
    b.graph.tensors[x].shape = [4, 8]
    return y


def no_stride(b: Builder) -> int:
    x = b.input([1, 4, 4, 2], 0.1, 0)
    y = b.conv(x, ones(1, 3, 3, 2), None, 0.1, (0.1, 0))
    b.graph.operators[0].builtinOptions.strideW = 0
    return y


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (groups, r"CONV_2D \(operator 0, 'conv'\): weights of shape \[4, 1, 1, 4\] do not fit 6"),
        (uneven, r"4 output channels in 3 groups; the file is damaged"),
        (overflow, r"sums reach 8000000512, which does not fit 32 bits; convert with"),
        (damaged_shape, r"'conv' has shape \[1, 4, 4, 1\], its operator makes \[1, 2, 2, 1\]"),
        (other_multiplier, r"do not fit 2 input channels with depth multiplier 3; the file"),
        (flat_input, r"'input' has shape \[4, 8\], expected 4 axes"),
        (no_stride, r"stride \(1, 0\) and dilation \(1, 1\), allowed is 1 and more"),
    ],
)
def test_refusals(make: Make, text: str) -> None:
    refuse(make, text)
