"""SOFTMAX and LOGISTIC on the host."""

import pytest
from host_operators import agree, refuse
from modelgen import Builder


def test_random_models_agree_with_the_oracles() -> None:
    agree("tail")


@pytest.mark.parametrize("kind", ["SOFTMAX", "LOGISTIC"])
def test_other_output_scales_are_refused(kind: str) -> None:
    def make(b: Builder) -> int:
        y = b.tail(kind, b.input([1, 4], 0.1, 0))
        b.graph.tensors[y].quantization.zeroPoint = [0]
        return y

    refuse(make, rf"{kind} \(operator 0.*output scale 0.00390625, zero point 0, allowed is 1/256")


def test_floating_point_is_refused() -> None:
    def make(b: Builder) -> int:
        y = b.tail("SOFTMAX", b.input([1, 4], 0.1, 0))
        b.graph.tensors[0].type = 0  # FLOAT32
        return y

    refuse(make, r"'input' is FLOAT32, allowed is INT8")
