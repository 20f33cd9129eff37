"""ADD on the host."""

import pytest
from host_operators import Make, agree, refuse
from modelgen import Builder


def test_random_models_agree_with_the_oracles() -> None:
    agree("ADD")


def small_output(b: Builder) -> int:
    return b.sum(b.input([1, 4], 1.0, 0), b.input([1, 4], 1.0, 0), (1e-6, 0))


def other_shapes(b: Builder) -> int:
    x, y = b.input([1, 4], 0.1, 0), b.input([1, 4], 0.1, 0)
    z = b.sum(x, y, (0.1, 0))
    b.graph.tensors[y].shape = [1, 3]
    return z


def five_axes(b: Builder) -> int:
    return b.sum(b.input([1, 2, 1, 2, 2], 0.1, 0), b.input([1], 0.1, 0), (0.1, 0))


def floats(b: Builder) -> int:
    x, y = b.input([1, 4], 0.1, 0), b.input([1, 4], None, dtype="FLOAT32")
    return b.sum(x, y, (0.1, 0))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (small_output, r"input scale 1 to output scale 1e-06, allowed is a factor below 524288"),
        (other_shapes, r"shapes \[1, 4\] and \[1, 3\] do not broadcast; the file is damaged"),
        (five_axes, r"ADD \(operator 0, 'add'\): broadcasts over 5 axes, allowed is up to 4"),
        (floats, r"'input' is FLOAT32, allowed is INT8"),
    ],
)
def test_refusals(make: Make, text: str) -> None:
    refuse(make, text)
