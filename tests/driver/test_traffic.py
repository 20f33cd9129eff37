"""What the host says that an inference moves, against what goes over a link."""

import numpy as np
import pytest
from modelgen import reference_model
from wire import Wire
from zoo_models import ZOO

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.driver.compiler import compile_model
from otus.driver.device import Device
from otus.driver.executor import execute
from otus.driver.plan import compile_graph
from otus.driver.traffic import traffic


@pytest.mark.parametrize("name", ["8x8", "4x4,weight_words=256"])
def test_bytes_of_an_inference(name: str) -> None:
    geometry = Geometry.parse(name)
    program = compile_model(reference_model(), geometry)
    assert bool(program.steps) == (name != "8x8")
    inputs = np.random.default_rng(0).integers(-128, 128, (3, 13, 15)).astype(np.int8)
    link = Wire(geometry)
    with Device(link) as device:
        counts = []
        for frame in inputs:
            before = link.sent, link.received
            device.run(program, frame[None])
            counts.append((link.sent - before[0], link.received - before[1]))
    first, each = traffic(program, inferences=1), traffic(program)
    # COBS needs one byte less where a block of 254 bytes ends a frame.
    assert counts[0] == pytest.approx((first.sent, first.received), rel=0.003)
    assert counts[1] == counts[2] == pytest.approx((each.sent, each.received), rel=0.003)
    assert each.payload < each.sent < 1.25 * each.payload + 100


@pytest.mark.parametrize("name", ["8x8", "4x4,weight_words=512"])
def test_bytes_of_several_programs_in_turn(name: str) -> None:
    plan = compile_graph(ZOO["residual"]("int8"), Geometry.parse(name))
    assert len(plan.programs) > 3
    link = Wire(plan.geometry)
    x = np.zeros((1, 1, 32, 32, 3), np.int8)
    with Device(link) as device:
        for count in (traffic(*plan.programs, inferences=1), traffic(*plan.programs)):
            sent, received = link.sent, link.received
            link.written.clear()
            execute(plan, device, {plan.graph.inputs[0]: x})
            assert link.written.total() == count.payload
            assert link.written[Space.WEIGHT] == count.weights
            assert link.sent - sent == pytest.approx(count.sent, rel=0.003)
            assert link.received - received == pytest.approx(count.received, rel=0.003)


def test_seconds_of_a_uart() -> None:
    program = compile_model(reference_model(), Geometry.parse("8x8"))
    one = traffic(program)
    assert one.seconds(1_000_000) == pytest.approx(one.sent * 10e-6)
    assert one.seconds(12_000_000) == pytest.approx(one.seconds(3_000_000) / 4)
