"""Whole graphs on the golden device and the host, against both oracles."""

from collections import Counter

import numpy as np
import pytest
from faults import ResetsInBetween
from modelgen import Builder
from oracles import require, run_graph
from random_graphs import branch, random_graph
from wire import Wire
from zoo_models import ZOO

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.driver.compiler import ModelError, Oracle
from otus.driver.device import Device
from otus.driver.errors import DeviceError
from otus.driver.executor import Array, execute
from otus.driver.plan import Plan, compile_graph
from otus.sim.golden_link import open_device

GEOMETRY = Geometry.parse("8x8")
#: Holds the residual network.
ROOMY = "8x8,activation_words=8192,weight_words=4096,parameter_words=2048,program_words=4096"
#: Random graphs for each oracle.
GRAPHS = 60


def run(plan: Plan, inputs: list[Array]) -> list[Array]:
    """Run a plan on a device of its own; return its outputs."""
    with Device(open_device("golden", plan.geometry), plan.geometry) as device:
        given = dict(zip(plan.graph.inputs, inputs, strict=True))
        tensors = execute(plan, device, given).tensors
    return [tensors[i] for i in plan.graph.outputs]


@pytest.mark.parametrize("oracle", ["tflm", "litert"])
def test_random_graphs_agree_with_the_oracles(oracle: Oracle) -> None:
    require(oracle)
    places: Counter[str] = Counter()
    refused = 0
    for seed in range(GRAPHS):
        case, outputs = random_graph(seed)
        try:
            plan = compile_graph(case.model, GEOMETRY, oracle)
        except ModelError:
            refused += 1
            continue
        places.update(where.split()[0] for _, where in plan.places())
        expected = run_graph(oracle, case.model, case.inputs, outputs)
        for found, wanted in zip(run(plan, case.inputs), expected, strict=True):
            assert found.dtype == wanted.dtype, seed
            np.testing.assert_array_equal(found, wanted, f"seed {seed}")
    assert refused <= 0.05 * GRAPHS
    assert min(places["host"], places["accelerator"]) > GRAPHS


@pytest.mark.parametrize("name", ["autoencoder", "micro-dense", "micro-conv"])
@pytest.mark.parametrize("oracle", ["tflm", "litert"])
def test_a_batch_is_its_frames(name: str, oracle: Oracle) -> None:
    require(oracle)
    model = ZOO[name]("float32")
    plan = compile_graph(model, GEOMETRY, oracle)
    shape = plan.inputs[0].shape
    x = np.random.default_rng(0).uniform(-2, 2, (9, *shape)).astype(np.float32)
    (found,) = run(plan, [x])
    np.testing.assert_array_equal(found, run_graph(oracle, model, [x])[0])


#: Of the residual network's parts: some bands of lines for want of activations only; some streamed
#: beside others that stay; none of them streamed, but too many for the weights.
IN_TURN = {
    "8x8": {Space.ACTIVATION, Space.PROGRAM},
    "4x4,weight_words=512": {Space.ACTIVATION, Space.WEIGHT, Space.PARAMETER, Space.PROGRAM},
    "8x8,activation_words=8192,weight_words=1100,parameter_words=2048,program_words=4096": {
        Space.ACTIVATION,
        Space.WEIGHT,
    },
}


@pytest.mark.parametrize("name", IN_TURN)
def test_what_fits_stays_and_nothing_that_is_there_is_sent(name: str) -> None:
    require("tflm")
    model = ZOO["residual"]("int8")
    plan = compile_graph(model, Geometry.parse(name))
    assert not plan.resident
    assert len(plan.programs) > 3
    x = np.random.default_rng(0).integers(-128, 128, (2, 1, 32, 32, 3)).astype(np.int8)
    link = Wire(plan.geometry)
    with Device(link, plan.geometry) as device:
        for frame, expected in zip(x, run_graph("tflm", model, [x])[0], strict=True):
            first = link.written.copy()
            link.written.clear()
            found = execute(plan, device, {plan.graph.inputs[0]: frame[None]}).tensors
            np.testing.assert_array_equal(found[plan.graph.outputs[0]][0], expected)
    assert link.written.keys() == IN_TURN[name]
    assert {space for space in first if link.written[space] < first[space]} >= {
        Space.WEIGHT,
        Space.PARAMETER,
    }
    assert set(link.again) <= {Space.ACTIVATION}


def test_a_reset_between_parts_is_never_a_result() -> None:
    plan = compile_graph(branch(), GEOMETRY)
    assert len(plan.programs) == 3
    x = np.random.default_rng(0).integers(-128, 128, (2, 1, 1, 6, 3)).astype(np.int8)
    given, wanted = plan.graph.inputs[0], plan.graph.outputs[0]
    (expected,) = run(plan, [x])
    for writes in range(12, 32):
        link = ResetsInBetween(open_device("golden", GEOMETRY), writes, 0)
        with Device(link, GEOMETRY, timeout=1, retry=0.02) as device:
            errors = 0
            for _ in range(4):
                try:
                    found = execute(plan, device, {given: x}).tensors[wanted]
                except DeviceError as error:
                    errors += "it was reset, or another program uses it" in str(error)
                else:
                    np.testing.assert_array_equal(found, expected)
            assert errors == 1, writes


def test_parts_that_stay_are_sent_once() -> None:
    plan = compile_graph(ZOO["residual"]("int8"), Geometry.parse(ROOMY))
    x = np.random.default_rng(0).integers(-128, 128, (1, 1, 32, 32, 3)).astype(np.int8)
    images = sum(len(image.data) for program in plan.programs for image in program.images)
    with Device(open_device("golden", plan.geometry), plan.geometry) as device:
        assert device.load(*plan.programs) == images
        found = execute(plan, device, {plan.graph.inputs[0]: x}).tensors[plan.graph.outputs[0]]
        assert device.load(*plan.programs) == 0
    require("tflm")
    np.testing.assert_array_equal(found, run_graph("tflm", ZOO["residual"]("int8"), [x])[0])


def test_counters_of_each_part() -> None:
    plan = compile_graph(ZOO["micro-dense"]("float32"), GEOMETRY)
    with Device(open_device("golden", GEOMETRY), GEOMETRY) as device:
        x = np.zeros((4, 1, 1), np.float32)
        outcome = execute(plan, device, {plan.graph.inputs[0]: x})
    assert [[c.runs for c in part] for part in outcome.counters] == [[1, 2, 3, 4]]


def test_other_inputs_are_refused() -> None:
    plan = compile_graph(ZOO["micro-dense"]("float32"), GEOMETRY)
    for x in (np.zeros((4, 1, 1), np.int8), np.zeros((4, 1, 2), np.float32)):
        with pytest.raises(ValueError, match=r"'t0': got .* expected float32 \[4, 1, 1\]|'input'"):
            run(plan, [x])


def test_constants_reach_the_host_s_operators() -> None:
    b = Builder()
    x = b.input([1, 2, 2, 3], 0.1, 0)
    constant = np.array([[1, -2, 3], [4, 5, -6]], np.int8).reshape(1, 2, 1, 3)
    model = b.build(b.add(x, constant, (0.2, 3), (0.3, -1)))
    values = np.arange(-24, 24, dtype=np.int8).reshape(4, 1, 2, 2, 3)
    require("tflm")
    plan = compile_graph(model, GEOMETRY)
    assert [where for _, where in plan.places()] == ["host"]
    np.testing.assert_array_equal(run(plan, [values])[0], run_graph("tflm", model, [values])[0])
