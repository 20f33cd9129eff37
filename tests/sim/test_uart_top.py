"""The accelerator behind a UART: the same numbers, at the rate of the line, or an error."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from execute import golden
from faults import FaultyLink, Rates, ResetsInBetween
from micro import dense_model

from otus.arch.geometry import Geometry
from otus.driver.compiler import Program, compile_model
from otus.driver.device import Device
from otus.driver.errors import DeviceError
from otus.driver.traffic import traffic
from otus.sim.board import SimLink

DIVISOR = 4
GEOMETRY = Geometry.parse("2x2,weight_words=32,link_bytes=2048")
#: Seconds: cycles count, so that a slow simulation repeats nothing.
PATIENCE = 600


@pytest.fixture(scope="module")
def program() -> Program:
    program = compile_model(dense_model(640, 4), GEOMETRY)
    assert len(program.steps) > 9
    return program


@pytest.fixture
def link() -> Iterator[SimLink]:
    link = SimLink(GEOMETRY, divisor=DIVISOR)
    yield link
    link.close()


def draw(count: int) -> npt.NDArray[np.int8]:
    return np.random.default_rng(0).integers(-128, 128, (count, 640), dtype=np.int8)


def test_a_streamed_model_takes_what_its_bytes_take(program: Program, link: SimLink) -> None:
    inputs = draw(2)
    with Device(link, GEOMETRY, timeout=PATIENCE, retry=PATIENCE) as device:
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
    moved = traffic(program)
    # Half of these weights is 64 bytes a step: much of what is sent is framing.
    assert 0.6 * cycles < moved.payload * 10 * DIVISOR < moved.sent * 10 * DIVISOR
    assert cycles == pytest.approx(moved.sent * 10 * DIVISOR, rel=0.05)


@pytest.mark.parametrize(
    ("sending", "receiving"),
    [(Rates(flip=0.1), Rates()), (Rates(cut=0.1), Rates())],
)
def test_weights_that_the_line_damages_are_sent_again(
    program: Program, link: SimLink, sending: Rates, receiving: Rates
) -> None:
    faulty = FaultyLink(link, 1, sending, receiving)
    inputs = draw(1)
    with Device(faulty, GEOMETRY, timeout=60, retry=0.5) as device:
        logits = device.run(program, inputs).logits
        assert device.statistics.retries > 0
    assert faulty.faults
    np.testing.assert_array_equal(program.finish(logits), golden(program, inputs))


@pytest.mark.parametrize("writes", [12, 20])
def test_a_reset_in_mid_stream_is_an_error(program: Program, link: SimLink, writes: int) -> None:
    inputs = draw(1)
    with Device(ResetsInBetween(link, writes, 0), GEOMETRY, timeout=60, retry=0.5) as device:
        with pytest.raises(DeviceError, match="it was reset, or another program uses it"):
            device.run(program, inputs)
        logits = device.run(program, inputs).logits
    np.testing.assert_array_equal(program.finish(logits), golden(program, inputs))
