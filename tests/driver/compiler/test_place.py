"""Several models resident together."""

import numpy as np
import pytest
from execute import golden, load
from micro import micro_model
from modelgen import reference_model
from wire import Wire

from otus.arch.geometry import Geometry
from otus.arch.memory import Space, depth, word_bytes
from otus.driver.compiler import ModelError, Program, compile_model, place, place_in_turn
from otus.driver.device import Device
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
    assert place_in_turn([]) == ()


def run_twice(programs: tuple[Program, ...]) -> Wire:
    """Run programs in turn, twice, and check every result; count what the second time writes."""
    rng = np.random.default_rng(1)
    inputs = [rng.integers(-128, 128, (2, *p.input.shape[1:])).astype(np.int8) for p in programs]
    link = Wire(programs[0].geometry)
    with Device(link) as device:
        for _ in range(2):
            link.written.clear()
            for program, x in zip(programs, inputs, strict=True):
                result = device.run(program, x)
                np.testing.assert_array_equal(program.finish(result.logits), golden(program, x))
    return link


def test_in_turn_only_what_overlaps_is_sent_again() -> None:
    models = [reference_model(n, seed=n) for n in (36, 10)]
    sizes = [compile_model(m, Geometry.parse("8x8")).extents[Space.WEIGHT].words for m in models]
    missing = 100
    geometry = Geometry.parse(f"8x8,weight_words={sum(sizes) - missing}")
    programs = place_in_turn([compile_model(model, geometry) for model in models])
    large, small = (program.extents[Space.WEIGHT] for program in programs)
    assert (small.address, large.end) == (0, geometry.weight_words)
    assert {program.extents[Space.ACTIVATION].address for program in programs} == {0}
    link = run_twice(programs)
    width = word_bytes(Space.WEIGHT, geometry)
    assert 0.9 < link.written[Space.WEIGHT] / (2 * missing * width) <= 1
    assert link.written.keys() == {Space.WEIGHT, Space.ACTIVATION}


def test_in_turn_streamed_programs_leave_the_others_alone() -> None:
    geometry = Geometry.parse("8x8,weight_words=256,program_words=512")
    models = reference_model(36), micro_model(), reference_model(10, seed=1), micro_model(1)
    alone = [compile_model(model, geometry) for model in models]
    assert [bool(program.steps) for program in alone] == [True, False, True, False]
    programs = place_in_turn(alone)
    for space in (Space.WEIGHT, Space.PARAMETER, Space.PROGRAM):
        extents = [program.extents[space] for program in programs]
        assert sorted([extents[1].address, extents[3].address]) == [
            0,
            min(extents[1].end, extents[3].end),
        ]
        taken = max(extents[1].end, extents[3].end)
        assert extents[0] == extents[2] == (taken, depth(space, geometry) - taken)
    link = run_twice(programs)
    once = run_twice((programs[0], programs[2]))
    # The activations of the small ones, nothing else.
    for space in (Space.WEIGHT, Space.PARAMETER, Space.PROGRAM):
        assert link.written[space] == once.written[space]


def test_in_turn_layers_of_streamed_programs_stay_side_by_side() -> None:
    geometry = Geometry.parse("8x8,activation_words=80")
    models = [reference_model(n, seed=n) for n in (36, 10)]
    alone = [compile_model(model, geometry) for model in models]
    assert all(program.steps for program in alone)
    for program in alone:
        assert Space.WEIGHT not in run_twice((program,)).written
    # Compiled for a device of their own, they overwrite each other's layers.
    assert run_twice(tuple(alone)).written[Space.WEIGHT] > 10_000
    assert Space.WEIGHT not in run_twice(place_in_turn(alone)).written
