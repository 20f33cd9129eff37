"""RESHAPE, EXPAND_DIMS, SQUEEZE and PAD on the host."""

import numpy as np
import pytest
from host_operators import Make, agree, prepared, refuse
from modelgen import Builder


@pytest.mark.parametrize("kind", ["PAD", "RESHAPE"])
def test_random_models_agree_with_the_oracles(kind: str) -> None:
    agree(kind)


@pytest.mark.parametrize(
    ("kind", "shape", "constant"), [("EXPAND_DIMS", [1, 1, 3, 2], [1]), ("SQUEEZE", [3, 2], None)]
)
def test_other_names_of_a_reshape(kind: str, shape: list[int], constant: list[int] | None) -> None:
    def make(b: Builder) -> int:
        return b.rename(kind, b.input([1, 3, 2], 0.1, 0), shape, constant)

    x = np.arange(12, dtype=np.int8).reshape(2, 1, 3, 2)
    np.testing.assert_array_equal(prepared(make)(x), x.reshape(2, *shape))


def test_float32_is_reshaped_and_padded_too() -> None:
    def make(b: Builder) -> int:
        x = b.input([2, 2], None, dtype="FLOAT32")
        y = b.tensor([3, 2], dtype="FLOAT32")
        amounts = b.tensor([2, 2], dtype="INT32", data=np.array([[1, 0], [0, 0]], np.int32))
        b.operator("PAD", [x, amounts], [y])
        return y

    x = np.ones((1, 2, 2), np.float32)
    np.testing.assert_array_equal(prepared(make)(x), [[[0, 0], [1, 1], [1, 1]]])


def more_values(b: Builder) -> int:
    x = b.input([1, 4], 0.1, 0)
    return b.reshape(x, [1, 5])


def other_scale(b: Builder) -> int:
    y = b.reshape(b.input([1, 4], 0.1, 0), [2, 2])
    b.graph.tensors[y].quantization.scale = [0.2]
    return y


def other_type(b: Builder) -> int:
    x = b.input([1, 4], 0.1, 0)
    y = b.reshape(x, [2, 2])
    b.graph.tensors[x].type = 3  # UINT8
    return y


def negative(b: Builder) -> int:
    return b.pad(b.input([1, 4], 0.1, 0), [[0, 0], [-1, 0]])


def padded_scale(b: Builder) -> int:
    y = b.pad(b.input([1, 4], 0.1, 0), [[0, 0], [1, 0]])
    b.graph.tensors[y].quantization.zeroPoint = [3]
    return y


def five_axes(b: Builder) -> int:
    return b.pad(b.input([1, 1, 1, 1, 1], 0.1, 0), [[0, 1]] * 5)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (more_values, r"\[1, 4\] to \[1, 5\] changes the number of values"),
        (other_scale, r"changes scale or zero point, allowed is the same on both sides"),
        (other_type, r"from UINT8 to INT8, allowed is the same on both sides, one of INT8, UINT8"),
        (negative, r"paddings 'paddings' of shape \[2, 2\], allowed is a constant of \[2, 2\]"),
        (padded_scale, r"from scale 0.1, zero point 0 to scale 0.1, zero point 3, allowed is the"),
        (five_axes, r"PAD \(operator 0, 'pad'\): 5 axes, allowed is up to 4"),
    ],
)
def test_refusals(make: Make, text: str) -> None:
    refuse(make, text)
