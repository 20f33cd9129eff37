"""Operators that the host has, and those it has not."""

from host_operators import refuse
from modelgen import Builder


def test_unknown_operators_are_refused_by_name() -> None:
    def make(b: Builder) -> int:
        x = b.input([1, 4], 0.1, 0)
        y = b.tensor([1, 4], 0.1, 0, name="y")
        b.operator("TANH", [x], [y])
        return y

    refuse(make, r"TANH \(operator 0, 'y'\): not supported \(only ADD, AVERAGE_POOL_2D, CONV_2D")
