"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN on the host."""

import pytest
from host_operators import agree, refuse
from modelgen import Builder


@pytest.mark.parametrize("kind", ["AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN"])
def test_random_models_agree_with_the_oracles(kind: str) -> None:
    agree(kind)


@pytest.mark.parametrize("kind", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
def test_other_scales_are_refused(kind: str) -> None:
    def make(b: Builder) -> int:
        return b.pool(b.input([1, 4, 4, 2], 0.1, 0), (2, 2), 2, kind=kind, out=(0.2, 1))

    refuse(make, r"from scale 0.1, zero point 0 to scale 0.2, zero point 1, allowed is the same on")


def test_a_window_that_does_not_fit_is_refused() -> None:
    def make(b: Builder) -> int:
        y = b.pool(b.input([1, 4, 4, 2], 0.1, 0), (2, 2), 2)
        b.graph.operators[0].builtinOptions.filterHeight = 5
        b.graph.tensors[y].shape = [1, 0, 2, 2]
        return y

    refuse(make, r"MAX_POOL_2D \(operator 0, 'pool'\): 'pool' has the dynamic or empty shape")


def test_other_activations_are_refused() -> None:
    def make(b: Builder) -> int:
        return b.pool(b.input([1, 4, 4, 2], 1.0, 0), (2, 2), 2, activation="TANH")

    refuse(make, r"fused activation TANH is not supported \(only NONE, RELU, RELU6, RELU_N1_TO_1\)")


def test_axes_that_are_not_there_are_refused() -> None:
    def make(b: Builder) -> int:
        y = b.mean(b.input([1, 4, 4], 0.1, 0), [1], False, (0.1, 0))
        over = b.graph.tensors[b.graph.operators[0].inputs[1]]
        b.model.buffers[over.buffer].data[0] = 3
        return y

    refuse(
        make, r"MEAN \(operator 0, 'mean'\): axes 'axes', allowed are INT32 constants from -3 to 2"
    )
