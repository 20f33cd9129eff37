"""Checks that operators share."""

from host_operators import refuse
from modelgen import Builder


def test_too_many_inputs_are_refused() -> None:
    def make(b: Builder) -> int:
        y = b.pool(b.input([1, 4, 4, 2], 0.1, 0), (2, 2), 2)
        b.graph.operators[0].inputs = [0, 0]
        return y

    refuse(make, r"2 inputs and 1 outputs, allowed is 1 and 1; convert the model again")


def test_another_shape_is_refused() -> None:
    def make(b: Builder) -> int:
        x = b.input([1, 4], 0.1, 0)
        y = b.sum(x, x, (0.1, 0))
        b.graph.tensors[y].shape = [1, 5]
        return y

    refuse(
        make, r"ADD \(operator 0, 'add'\): 'add' has shape \[1, 5\], its operator makes \[1, 4\]"
    )
