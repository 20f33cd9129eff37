"""The golden model against the runtimes that define "bit-exact".

A longer fuzz: OTUS_FUZZ_MODELS=5000 OTUS_FUZZ_SEED=1000 pytest tests/sim/test_golden.py -k random
"""

import os
from pathlib import Path

import golden_vectors as vectors
import numpy as np
import oracles
import pytest
from execute import golden

from otus import models
from otus.arch.errors import ContractError
from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.driver.compiler import ORACLES, Oracle, compile_model
from otus.sim.golden import Machine, wrap

MODELS = int(os.environ.get("OTUS_FUZZ_MODELS", "400"))
SEED = int(os.environ.get("OTUS_FUZZ_SEED", "0"))
IMAGE_MODELS = MODELS * 3 // 4
CHUNK = 20
INPUTS = 12

ROOMY = ",activation_words=8192,weight_words=65536,parameter_words=16384,program_words=1024"
GEOMETRIES = [
    Geometry.parse(name + ROOMY)
    for name in (
        "8x8",
        "3x5",
        "4x4x2",
        "16x16,requantise_lanes=4",
        "1x1",
        "8x16,requantise_lanes=8",
        "7x2x2",
        "32x64,accumulator_bits=28",
    )
]
#: An image needs a descriptor for each line of each layer.
IMAGE_GEOMETRIES = [
    Geometry.parse(
        f"{name},activation_words=8192,program_words=8192,weight_words=16384,parameter_words=1024"
    )
    for name in ("4x4", "8x4", "2x2", "4x2x2", "8x8", "1x1", "16x8")
]
SHIPPED = [models.FOLDER / f"{name}.tflite" for name in models.names()]


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("first", range(SEED, SEED + MODELS, CHUNK))
def test_random_models(first: int, oracle: Oracle) -> None:
    oracles.require(oracle)
    pytest.importorskip("ai_edge_litert", reason="ai_edge_litert builds the random models")
    from random_models import random_model

    for seed in range(first, min(first + CHUNK, SEED + MODELS)):
        model = random_model(seed, conv_bias=oracle == "litert")
        inputs = vectors.random_inputs(model.shape, INPUTS, seed)
        expected = oracles.run(oracle, model.data, inputs)
        for turn in (0, 3):
            geometry = GEOMETRIES[(seed + turn) % len(GEOMETRIES)]
            got = golden(compile_model(model.data, geometry, oracle), inputs)
            text = f"seed {seed}, {geometry.name}: {model.text}"
            np.testing.assert_array_equal(got, expected.reshape(got.shape), text)


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("first", range(SEED, SEED + IMAGE_MODELS, CHUNK))
def test_random_image_models(first: int, oracle: Oracle) -> None:
    oracles.require(oracle)
    pytest.importorskip("ai_edge_litert", reason="ai_edge_litert builds the random models")
    from random_images import random_image_model

    for seed in range(first, min(first + CHUNK, SEED + IMAGE_MODELS)):
        model = random_image_model(seed, conv_bias=oracle == "litert")
        inputs = vectors.random_inputs(model.shape, INPUTS, seed)
        expected = oracles.run(oracle, model.data, inputs)
        geometry = IMAGE_GEOMETRIES[seed % len(IMAGE_GEOMETRIES)]
        got = golden(compile_model(model.data, geometry, oracle), inputs)
        text = f"seed {seed}, {geometry.name}: {model.text}"
        np.testing.assert_array_equal(got, expected.reshape(got.shape), text)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("name", ["default", "16x16", "3x5", "4x4x2"])
def test_shipped_models_on_simulated_speech_and_random_inputs(
    path: Path, oracle: Oracle, name: str
) -> None:
    """Committed outputs of both oracles: checked also where their packages are missing."""
    vector = vectors.load(path.stem)
    assert vector.rooms >= 20
    assert len(vector.speech) >= 1000
    program = compile_model(path, Geometry.parse(name), oracle)
    for inputs, expected in vector.cases(oracle):
        np.testing.assert_array_equal(golden(program, inputs), expected)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("oracle", ORACLES)
def test_committed_outputs_are_what_the_oracle_gives_today(path: Path, oracle: Oracle) -> None:
    oracles.require(oracle)
    for inputs, expected in vectors.load(path.stem).cases(oracle):
        np.testing.assert_array_equal(oracles.run(oracle, path.read_bytes(), inputs), expected)


@pytest.mark.parametrize("index", range(vectors.KEPT_MODELS))
@pytest.mark.parametrize("oracle", ORACLES)
def test_committed_random_models(index: int, oracle: Oracle) -> None:
    """A few random models with both oracles' outputs, for where neither is installed."""
    kept = vectors.load_models()[index]
    geometry = GEOMETRIES[index % len(GEOMETRIES)]
    got = golden(compile_model(kept.data, geometry, oracle), kept.inputs)
    np.testing.assert_array_equal(got, kept.outputs[oracle].reshape(got.shape))


def test_a_batch_computes_each_frame_on_its_own() -> None:
    path, geometry = SHIPPED[0], Geometry.parse("default")
    program = compile_model(path, geometry)
    inputs = vectors.random_inputs((13, 15), 5, 3)
    together = golden(program, inputs)
    for i in range(len(inputs)):
        np.testing.assert_array_equal(golden(program, inputs[i : i + 1])[0], together[i])


def test_wrap() -> None:
    values = np.array([-(1 << 31) - 1, -(1 << 31), 0, (1 << 31) - 1, 1 << 31])
    expected = [(1 << 31) - 1, -(1 << 31), 0, (1 << 31) - 1, -(1 << 31)]
    np.testing.assert_array_equal(wrap(values, 32), expected)


def test_words_outside_a_memory_are_refused() -> None:
    machine = Machine(Geometry.parse("default"))
    with pytest.raises(ContractError, match=r"WEIGHT: got 3 bytes, expected a multiple of 64"):
        machine.write(Space.WEIGHT, 0, b"abc")
    with pytest.raises(ContractError, match=r"got words 2048 to 2048, allowed is 0 to 2047"):
        machine.write(Space.WEIGHT, 2048, bytes(64))
    with pytest.raises(ContractError, match=r"ACTIVATION: got words 511 to 512, allowed is 0 to"):
        machine.read(Space.ACTIVATION, 511, 2)


def test_a_program_without_an_end_is_refused() -> None:
    machine = Machine(Geometry.parse("default"))
    with pytest.raises(ContractError, match=r"program at 0: no layer is marked last|words"):
        machine.run(0)
