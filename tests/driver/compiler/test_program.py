"""Both ends of a program: packing, unpacking, moving, counting."""

import numpy as np
import pytest
from modelgen import Builder, reference_model

from otus.arch.geometry import Geometry
from otus.arch.memory import Space, word_bytes
from otus.driver.compiler import TensorSpec, compile_model

GEOMETRY = Geometry.parse("default")
PROGRAM = compile_model(reference_model(), GEOMETRY)


def test_edges() -> None:
    assert (PROGRAM.input.shape, PROGRAM.input.zero_point) == ((1, 13, 15), 3)
    assert PROGRAM.input.scale == 1 / 128
    assert (PROGRAM.logits.shape, PROGRAM.logits.zero_point) == ((1, 36), 11)
    assert (PROGRAM.output.shape, PROGRAM.output.scale) == ((1, 36), 1 / 256)
    assert PROGRAM.output.zero_point == -128
    assert PROGRAM.input.dtype == "int8"


def test_packing_fills_words_with_zeros() -> None:
    inputs = np.arange(2 * 13 * 15).reshape(2, 13, 15).astype(np.int8)
    words = PROGRAM.pack_input(inputs)
    assert words.shape == (2, PROGRAM.input_words, 8) == (2, 26, 8)
    rows = words.reshape(2, 13, 16)
    np.testing.assert_array_equal(rows[:, :, :15], inputs)
    assert not rows[:, :, 15].any()


def test_unpacking_takes_the_channels() -> None:
    words = np.arange(3 * 5 * 8).reshape(3, 5, 8).astype(np.int8)
    assert PROGRAM.output_words == 5
    np.testing.assert_array_equal(PROGRAM.unpack_output(words), words.reshape(3, 40)[:, :36])


@pytest.mark.parametrize(
    "inputs",
    [
        np.zeros((1, 13, 15), np.float32),
        np.zeros((13, 15), np.int8),
        np.zeros((1, 15, 13), np.int8),
    ],
)
def test_other_inputs_are_refused(inputs: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"input 'input': got .* expected int8 \[n, 13, 15\]"):
        PROGRAM.pack_input(inputs)


def test_counts() -> None:
    assert PROGRAM.macs == 171_472
    assert PROGRAM.performed == 171_472 - 64 * 3 * 64
    assert PROGRAM.prediction.total < 3_200
    assert sum(layer.busy for layer in PROGRAM.prediction.layers) * 64 >= PROGRAM.performed


def test_cycles_at_16x16_stay_below_the_bound() -> None:
    program = compile_model(reference_model(), Geometry.parse("16x16"))
    assert program.prediction.total <= 1_100


def test_images_are_whole_words() -> None:
    for image in PROGRAM.images:
        words = PROGRAM.extents[image.space].words
        assert len(image.data) == words * word_bytes(image.space, GEOMETRY)


def test_moving_keeps_the_contents() -> None:
    base = {Space.ACTIVATION: 100, Space.WEIGHT: 7, Space.PARAMETER: 3, Space.PROGRAM: 16}
    moved = PROGRAM.moved(base)
    assert {space: extent.address for space, extent in moved.extents.items()} == base
    assert moved.entries[0] == (16, 100, 152)
    first, second = PROGRAM.descriptors[0][1], moved.descriptors[0][1]
    assert (second.source, second.weights) == (first.source + 100, first.weights + 7)
    assert (second.parameters, second.destination) == (
        first.parameters + 3,
        first.destination + 100,
    )
    assert second.origin - second.source == first.origin - first.source
    assert moved.weights == PROGRAM.weights
    back = moved.moved(dict.fromkeys(Space, 0))
    assert back.descriptors == PROGRAM.descriptors


def test_without_a_tail_the_logits_are_the_output() -> None:
    b = Builder()
    x = b.input([1, 4], 0.1, 0)
    program = compile_model(
        b.build(b.dense(x, np.ones((2, 4), np.int8), None, 0.1, (0.1, 0))), GEOMETRY
    )
    logits = np.array([[1, -2]], np.int8)
    assert program.tail is None
    np.testing.assert_array_equal(program.finish(logits), logits)


def test_quantise_rounds_ties_away_from_zero_once() -> None:
    spec = TensorSpec("x", (1, 7), 0.5, 3)
    values = np.array([0.25, -0.25, 0.24999999, 0.74, -0.75, 1e9, -1e9], np.float32)
    np.testing.assert_array_equal(spec.quantise(values), [4, 2, 3, 4, 1, 127, -128])
    every = np.arange(-128, 128, dtype=np.int8)
    np.testing.assert_array_equal(spec.quantise(spec.dequantise(every)), every)
