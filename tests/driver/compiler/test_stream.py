"""Models that exceed the memories, in steps: exact, in bounds, and never two steps in one place.

A longer fuzz: OTUS_FUZZ_MODELS=5000 OTUS_FUZZ_SEED=1000 pytest tests/driver/compiler/test_stream.py
"""

import os
from itertools import pairwise

import golden_vectors as vectors
import numpy as np
import oracles
import pytest
from execute import golden
from modelgen import Builder
from wire import Wire

from otus.arch.geometry import Geometry
from otus.arch.memory import Space, word_bytes
from otus.driver.compiler import ORACLES, ModelError, Oracle, Program, compile_model
from otus.driver.device import Device
from otus.sim.golden_link import GoldenLink

MODELS = int(os.environ.get("OTUS_FUZZ_MODELS", "100"))
SEED = int(os.environ.get("OTUS_FUZZ_SEED", "0"))
CHUNK = 20

#: Memories that hold next to nothing.
SMALL = (
    "4x4,weight_words=16,parameter_words=32,program_words=64,activation_words=96",
    "8x4,weight_words=64,parameter_words=16,program_words=40,activation_words=64",
    "4x2x2,weight_words=32,parameter_words=64,program_words=20,activation_words=200",
    "8x8,weight_words=32,parameter_words=32,program_words=128,activation_words=200",
    "16x8,weight_words=20,parameter_words=64,program_words=64,activation_words=64",
    "1x1,weight_words=64,parameter_words=64,program_words=64,activation_words=1000",
)


def streamed(program: Program, inputs: np.ndarray) -> np.ndarray:
    with Device(GoldenLink(program.geometry)) as device:
        return program.finish(device.run(program, inputs).logits)


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("first", range(SEED, SEED + MODELS, CHUNK))
def test_random_models_in_small_memories(first: int, oracle: Oracle) -> None:
    oracles.require(oracle)
    pytest.importorskip("ai_edge_litert", reason="ai_edge_litert builds the random models")
    from random_images import random_image_model
    from random_models import random_model

    found = 0
    for seed in range(first, first + CHUNK):
        draw = random_image_model if seed % 3 else random_model
        model = draw(seed, conv_bias=oracle == "litert")
        try:
            program = compile_model(model.data, Geometry.parse(SMALL[seed % len(SMALL)]), oracle)
        except ModelError as error:
            if "use a geometry with" not in str(error):
                raise
            continue
        found += bool(program.steps)
        check_steps(program)
        inputs = vectors.random_inputs(model.shape, 2, seed)
        expected = oracles.run(oracle, model.data, inputs)
        got = streamed(program, inputs)
        text = f"seed {seed}, {program.geometry.name}: {model.text}"
        np.testing.assert_array_equal(got, expected.reshape(got.shape), text)
    assert found >= CHUNK // 4


def check_steps(program: Program) -> None:
    """What a step needs is never where the step before it still computes."""
    for before, after in pairwise(program.steps):
        used = {image.space: image for image in before.images}
        for image in after.images:
            other = used[image.space]
            if (image.address, image.data) == (other.address, other.data):
                continue
            width = word_bytes(image.space, program.geometry)
            end, other_end = (i.address + len(i.data) // width for i in (image, other))
            assert end <= other.address or other_end <= image.address, image.space
        if after.inputs is not None:
            assert before.outputs is not None, "activations are written while a step computes"


def dense(sizes: list[int]) -> bytes:
    """Build a chain of dense layers."""
    b, rng = Builder(), np.random.default_rng(0)
    x = b.input([1, sizes[0]], 0.05, 3)
    for before, after in pairwise(sizes):
        weights = rng.integers(-90, 90, (after, before)).astype(np.int8)
        bias = rng.integers(-99, 99, after).astype(np.int32)
        x = b.dense(x, weights, bias, 0.3 / before, (0.1, 3), activation="RELU")
    return b.build(x)


def test_weights_are_sent_once_an_inference_and_those_that_fit_only_once() -> None:
    geometry = Geometry.parse("4x4,weight_words=512")
    program = compile_model(dense([256, 160, 12]), geometry)
    inputs = np.random.default_rng(1).integers(-128, 128, (3, 256)).astype(np.int8)
    sent = []
    link = Wire(geometry)
    with Device(link) as device:
        for frame in inputs:
            before = link.sent
            device.run(program, frame[None])
            sent.append(link.sent - before)
    weights = 256 * 160 + 160 * 12
    resident = 160 * 12
    assert weights < sent[0] < 1.1 * weights
    assert weights - resident < sent[1] == sent[2] < 1.1 * (weights - resident)
    assert not link.again


def test_weights_that_fit_all_stay_where_activations_do_not_fit() -> None:
    geometry = Geometry.parse("4x4,activation_words=96,weight_words=64,parameter_words=32")
    b = Builder()
    x = b.input([1, 8, 8, 4], 0.1, 0)
    for _ in range(3):
        x = b.conv(
            x,
            np.eye(4, dtype=np.int8).reshape(4, 1, 1, 4).repeat(3, 1).repeat(3, 2),
            None,
            0.1,
            (0.2, 0),
            same=True,
        )
    program = compile_model(b.build(x), geometry)
    assert program.steps
    link = Wire(geometry)
    inputs = np.random.default_rng(1).integers(-128, 128, (2, 8, 8, 4)).astype(np.int8)
    with Device(link) as device:
        device.run(program, inputs[:1])
        link.written.clear()
        logits, _ = device.run(program, inputs[1:])
    # 27 of 64 words of weights, more than the half that a streamed layer would leave.
    assert link.written.keys() == {Space.ACTIVATION, Space.PROGRAM}
    roomy = compile_model(b.build(x), Geometry.parse("4x4"))
    np.testing.assert_array_equal(logits, golden(roomy, inputs)[1:])


def test_too_few_program_words_are_refused() -> None:
    with pytest.raises(
        ModelError,
        match=r"a model that is streamed needs 20 program words, geometry 4x4 has 18; use a "
        r"geometry with program_words=20",
    ):
        compile_model(dense([256, 160, 12]), Geometry.parse("4x4,weight_words=64,program_words=18"))


def test_sums_are_held_where_a_tile_exceeds_the_memory() -> None:
    geometry = Geometry.parse("4x4,weight_words=64")
    program = compile_model(dense([2000, 6]), geometry)
    held = [step.descriptors[0].hold for step in program.steps]
    assert held == ([1] * 15 + [0]) * 2
    assert [s.descriptors[0].resume for s in program.steps] == ([0] + [1] * 15) * 2
    inputs = np.random.default_rng(1).integers(-128, 128, (2, 2000)).astype(np.int8)
    roomy = compile_model(dense([2000, 6]), Geometry.parse("4x4,weight_words=4096"))
    assert not roomy.steps
    np.testing.assert_array_equal(streamed(program, inputs), streamed(roomy, inputs))


def test_four_million_parameters_in_eight_kilobytes() -> None:
    geometry = Geometry.parse("4x4,weight_words=512")
    assert geometry.weight_words * word_bytes(Space.WEIGHT, geometry) == 8192
    program = compile_model(dense([1000, 2000, 1000]), geometry)
    assert sum(layer.weights.size for layer in program.layers) == 4_000_000
    inputs = np.random.default_rng(1).integers(-128, 128, (1, 1000)).astype(np.int8)
    roomy = compile_model(
        dense([1000, 2000, 1000]),
        Geometry.parse("16x16,weight_words=32768,activation_words=4096,parameter_words=4096"),
    )
    assert not roomy.steps
    np.testing.assert_array_equal(streamed(program, inputs), streamed(roomy, inputs))


def test_a_row_that_does_not_fit_is_refused_with_what_it_needs() -> None:
    with pytest.raises(
        ModelError,
        match=r"one row of its output, with the input under it, takes 503 activation words, "
        r"geometry 4x4 has 502; use a geometry with activation_words=503",
    ):
        compile_model(dense([2000, 12]), Geometry.parse("4x4,activation_words=502"))
