"""Operators that the host has, and those it has not."""

import pytest
from host_operators import refuse
from modelgen import Builder


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("TANH", "change the model, or run this operator before or after in your program"),
        ("RELU", "let the converter fuse it: activation='relu' in the layer before"),
    ],
)
def test_unknown_operators_are_refused_by_name(kind: str, hint: str) -> None:
    def make(b: Builder) -> int:
        x = b.input([1, 4], 0.1, 0)
        y = b.tensor([1, 4], 0.1, 0, name="y")
        b.operator(kind, [x], [y])
        return y

    refuse(make, rf"{kind} \(operator 0, 'y'\): not supported \(only ADD, AVERAGE_POOL_2D.*{hint}")
