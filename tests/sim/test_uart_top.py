"""The accelerator behind a UART: the same numbers, at the rate of the line."""

import numpy as np
from execute import golden
from micro import micro_model

from otus.arch.geometry import Geometry
from otus.driver.compiler import compile_model
from otus.driver.device import Device
from otus.driver.traffic import traffic
from otus.sim.board import SimLink

DIVISOR = 4


def test_a_streamed_model_takes_what_its_bytes_take() -> None:
    geometry = Geometry.parse("2x2,weight_words=32,link_bytes=2048")
    program = compile_model(micro_model(), geometry)
    assert program.steps
    inputs = np.random.default_rng(0).integers(
        -128, 128, (2, *program.input.shape[1:]), dtype=np.int8
    )
    link = SimLink(geometry, divisor=DIVISOR)
    # Cycles count, not seconds: nothing is lost on this line.
    with Device(link, geometry, timeout=600, retry=600) as device:
        device.run(program, inputs[:1])
        begin = link.cycles
        logits, (counters,) = device.run(program, inputs[1:])
        cycles = link.cycles - begin
    np.testing.assert_array_equal(program.finish(logits), golden(program, inputs)[1:])
    predicted = program.prediction.counters()
    waited = counters.link_wait
    assert waited > 0
    assert counters.total == predicted["total"] + waited
    assert counters.busy == predicted["busy"]
    line = traffic(program).sent * 10 * DIVISOR
    assert line < cycles < 1.5 * line
