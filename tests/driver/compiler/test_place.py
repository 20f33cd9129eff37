"""Several models resident together."""

import numpy as np
import pytest
from execute import golden, load
from modelgen import reference_model

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.driver.compiler import ModelError, compile_model, place
from otus.sim.golden import Machine


@pytest.mark.parametrize("name", ["default", "16x16", "4x4x2"])
def test_two_models_share_the_memories_and_do_not_disturb_each_other(name: str) -> None:
    geometry = Geometry.parse(name)
    models = reference_model(36), reference_model(10, seed=1)
    programs = place([compile_model(model, geometry) for model in models])
    inputs = np.random.default_rng(1).integers(-128, 128, (5, 13, 15)).astype(np.int8)
    machine = Machine(geometry, len(inputs))
    for program in programs:
        load(program, machine)
    for _ in range(2):
        for program, model in zip(programs, models, strict=True):
            alone = golden(compile_model(model, geometry), inputs)
            np.testing.assert_array_equal(golden(program, inputs, machine), alone)


def test_parts_are_disjoint() -> None:
    geometry = Geometry.parse("default")
    first, second = place([compile_model(reference_model(n), geometry) for n in (36, 10)])
    for space in Space:
        assert first.extents[space].end <= second.extents[space].address


def test_models_that_do_not_fit_together_are_refused_with_sizes() -> None:
    geometry = Geometry.parse("8x8,weight_words=1024")
    program = compile_model(reference_model(36), geometry)
    with pytest.raises(
        ModelError,
        match=r"the set of 2 models does not fit geometry 8x8: weight memory: need 1442 words "
        r"\(92288 bytes\), have 1024 \(65536 bytes\); use a geometry with weight_words=1442",
    ):
        place([program, program])


def test_models_for_different_geometries_are_refused() -> None:
    programs = [compile_model(reference_model(10), Geometry.parse(g)) for g in ("8x8", "4x4")]
    with pytest.raises(ModelError, match="compile all models for the same geometry"):
        place(programs)


def test_nothing_to_place() -> None:
    assert place([]) == ()
