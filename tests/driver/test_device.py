"""A device over a good link and over bad ones: right results, or a clear error."""

import contextlib
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from execute import golden
from faults import FaultyLink, Rates, ResetsInBetween
from modelgen import reference_model

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.arch.packet import Opcode, frame, request
from otus.driver.compiler import Program, compile_model, place
from otus.driver.device import Device
from otus.driver.errors import DeviceError, LinkError
from otus.sim.golden_link import GoldenLink

GEOMETRY = Geometry.parse("8x8,link_bytes=512")
RETRY = 0.02
AT_ZERO = dict.fromkeys(Space, 0)


@pytest.fixture(scope="module")
def programs() -> tuple[Program, ...]:
    return place([compile_model(reference_model(n, seed=n), GEOMETRY) for n in (36, 10)])


@pytest.fixture(scope="module")
def inputs(programs: tuple[Program, ...]) -> npt.NDArray[np.int8]:
    shape = (25, *programs[0].input.shape[1:])
    return np.random.default_rng(1).integers(-128, 128, shape, dtype=np.int8)


@pytest.fixture(scope="module")
def streamed() -> Program:
    program = compile_model(reference_model(), Geometry.parse("4x4,weight_words=256"))
    assert program.steps
    return program


@pytest.fixture
def device() -> Iterator[Device]:
    with Device(GoldenLink(GEOMETRY), GEOMETRY, timeout=2, retry=RETRY) as device:
        yield device


def check(device: Device, program: Program, inputs: npt.NDArray[np.int8]) -> None:
    result = device.run(program, inputs)
    np.testing.assert_array_equal(program.finish(result.logits), golden(program, inputs))
    runs = [counters.runs for counters in result.counters]
    assert len(runs) == len(inputs)
    assert runs == sorted(set(runs))


def test_runs_are_right_and_progress_is_told(
    device: Device, programs: tuple[Program, ...], inputs: npt.NDArray[np.int8]
) -> None:
    told: list[int] = []
    device.run(programs[0], inputs, told.append)
    assert told == list(range(1, len(inputs) + 1))
    for program in programs:
        check(device, program, inputs)
    assert device.statistics.retries == 0


def test_no_inputs(device: Device, programs: tuple[Program, ...]) -> None:
    empty = np.zeros((0, *programs[0].input.shape[1:]), np.int8)
    assert device.run(programs[0], empty).logits.shape == (0, *programs[0].logits.shape[1:])


def test_nothing_is_sent_twice(device: Device, programs: tuple[Program, ...]) -> None:
    everything = sum(len(image.data) for p in programs for image in p.images)
    assert device.load(programs[0]) + device.load(*programs) == everything
    assert device.load(*programs) == 0
    alone = compile_model(reference_model(10, seed=10), GEOMETRY)
    assert device.load(alone) > 0
    # It lies where the first program was: only what differs is written again.
    assert 0 < device.load(programs[0]) <= sum(len(i.data) for i in alone.images)
    device.reset()
    assert device.load(*programs) == everything


def test_geometry_is_refused_naming_both(programs: tuple[Program, ...]) -> None:
    other = Geometry.parse("4x4")
    link = FaultyLink(GoldenLink(GEOMETRY), 0, Rates(), Rates())
    with pytest.raises(DeviceError, match=r"device is 8x8, asked for 4x4; .*rows 8 / 4"):
        Device(link, other)
    assert link.closed
    with (
        Device(GoldenLink(other)) as device,
        pytest.raises(DeviceError, match=r"the device is 4x4, the program is compiled for 8x8"),
    ):
        device.load(programs[0])


def test_wrong_input(device: Device, programs: tuple[Program, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected int8 \[n, 13, 15\]"):
        device.run(programs[0], np.zeros((1, 15, 13), np.int8))


def test_identify(device: Device) -> None:
    assert device.identify().geometry == GEOMETRY


def test_other_device_on_the_same_link(device: Device) -> None:
    link = device._client.link
    assert isinstance(link, GoldenLink)
    link.endpoint = GoldenLink(Geometry.parse("4x4")).endpoint
    with pytest.raises(DeviceError, match="the device has changed: it was"):
        device.identify()


def test_a_swapped_device_is_refused_each_time(
    device: Device, programs: tuple[Program, ...], inputs: npt.NDArray[np.int8]
) -> None:
    link = device._client.link
    assert isinstance(link, GoldenLink)
    link.endpoint = GoldenLink(Geometry.parse("8x8,link_bytes=512,weight_words=4096")).endpoint
    for expected in ("has restarted", "has changed", "has changed", "has changed"):
        with pytest.raises(DeviceError, match=expected):
            device.run(programs[0], inputs[:1])


def test_lost_power_is_reported_and_survived(
    device: Device, programs: tuple[Program, ...], inputs: npt.NDArray[np.int8]
) -> None:
    check(device, programs[0], inputs[:3])
    link = device._client.link
    assert isinstance(link, GoldenLink)
    link.endpoint = GoldenLink(GEOMETRY).endpoint
    with pytest.raises(DeviceError, match="the device has restarted"):
        device.run(programs[0], inputs[:3])
    check(device, programs[0], inputs[:3])


@pytest.mark.parametrize("offset", range(0, 256, 15))
def test_reset_by_another_program_is_never_a_result(
    device: Device, programs: tuple[Program, ...], inputs: npt.NDArray[np.int8], offset: int
) -> None:
    """Whatever number the other one's RESET leaves: an error, or the right result."""
    check(device, programs[0], inputs[:3])
    link = device._client.link
    sequence = (device._client._sequence + offset) % 256
    link.write(frame(request(sequence, Opcode.RESET)))
    with contextlib.suppress(DeviceError):
        check(device, programs[0], inputs[:4])
    check(device, programs[0], inputs[:3])


@pytest.mark.parametrize("runs", [1, 2, 4, 5, 6, 9])
@pytest.mark.parametrize("streaming", [False, True])
def test_runs_of_another_program_are_never_a_result(
    programs: tuple[Program, ...],
    streamed: Program,
    inputs: npt.NDArray[np.int8],
    runs: int,
    streaming: bool,
) -> None:
    """Another program resets the device, loads and runs its model, and leaves it our number."""
    ours, other = (streamed, streamed) if streaming else (programs[0], programs[1].moved(AT_ZERO))
    link = GoldenLink(ours.geometry)
    with Device(link, timeout=2, retry=RETRY) as device:
        check(device, ours, inputs[:3])
        second = Device(link)
        check(second, other, inputs[:runs])
        device._client._sequence = second._client._sequence
        with pytest.raises(DeviceError, match="it was reset, or another program uses it"):
            device.run(ours, inputs[:2])
        check(device, ours, inputs[:2])


def test_programs_that_overwrite_each_other(device: Device, inputs: npt.NDArray[np.int8]) -> None:
    """What is loaded is not what is run: it is loaded again."""
    alone = [compile_model(reference_model(n, seed=n), GEOMETRY) for n in (36, 10)]
    for _ in range(2):
        device.load(alone[0])
        for program in (alone[1], alone[0]):
            check(device, program, inputs[:2])


RATES = {
    "losses": Rates(lose=0.05),
    "flips": Rates(flip=0.05),
    "cuts": Rates(cut=0.05),
    "repeats": Rates(repeat=0.2),
    "noise": Rates(insert=0.05),
    "delays": Rates(delay=0.1),
    "all": Rates(0.02, 0.02, 0.02, 0.05, 0.02, 0.02),
}


@pytest.mark.parametrize("way", ["sending", "receiving", "both"])
@pytest.mark.parametrize("name", RATES)
def test_faulty_link(
    programs: tuple[Program, ...], inputs: npt.NDArray[np.int8], name: str, way: str
) -> None:
    sending = Rates() if way == "receiving" else RATES[name]
    receiving = Rates() if way == "sending" else RATES[name]
    link = FaultyLink(GoldenLink(GEOMETRY), 3, sending, receiving)
    with Device(link, GEOMETRY, timeout=5, retry=RETRY) as device:
        for program in programs:
            check(device, program, inputs)
    if not (name == "delays" and way == "sending"):
        assert link.faults


@pytest.mark.parametrize("way", ["sending", "receiving", "both"])
@pytest.mark.parametrize("name", RATES)
def test_faulty_link_of_a_streamed_model(
    streamed: Program, inputs: npt.NDArray[np.int8], name: str, way: str
) -> None:
    sending = Rates() if way == "receiving" else RATES[name]
    receiving = Rates() if way == "sending" else RATES[name]
    link = FaultyLink(GoldenLink(streamed.geometry), 3, sending, receiving)
    with Device(link, streamed.geometry, timeout=5, retry=RETRY) as device:
        check(device, streamed, inputs[:2])
    if not (name == "delays" and way == "sending"):
        assert link.faults


@pytest.mark.parametrize("writes", [10, 40, 71, 100, 150])
@pytest.mark.parametrize("offset", [0, 1, 5, 130])
def test_a_reset_in_mid_stream_is_never_a_result(
    streamed: Program, inputs: npt.NDArray[np.int8], writes: int, offset: int
) -> None:
    link = ResetsInBetween(GoldenLink(streamed.geometry), writes, offset)
    with Device(link, streamed.geometry, timeout=1, retry=RETRY) as device:
        with contextlib.suppress(DeviceError, LinkError):
            check(device, streamed, inputs[:2])
        check(device, streamed, inputs[:2])
    assert link.writes <= 0


@pytest.mark.parametrize("writes", [10, 41, 100])
def test_lost_power_in_mid_stream_is_reported_and_survived(
    streamed: Program, inputs: npt.NDArray[np.int8], writes: int
) -> None:
    class LosesPower(GoldenLink):
        left = writes

        def write(self, data: bytes) -> None:
            self.left -= 1
            if self.left == 0:
                self.endpoint = GoldenLink(self.endpoint.machine.geometry).endpoint
            super().write(data)

    with Device(LosesPower(streamed.geometry), timeout=1, retry=RETRY) as device:
        with pytest.raises(DeviceError, match="the device has restarted"):
            device.run(streamed, inputs[:2])
        check(device, streamed, inputs[:2])


def test_lost_result_is_computed_again(
    programs: tuple[Program, ...], inputs: npt.NDArray[np.int8]
) -> None:
    """The reply of one RESULT is lost, and the next run has overwritten nothing we accept."""

    class Loses(GoldenLink):
        lost = False

        def read(self, limit: int, timeout: float) -> bytes:
            data = super().read(limit, timeout)
            if len(data) > 60 and not self.lost and self.endpoint._runs >= 3:
                self.lost = True
                return b""
            return data

    link = Loses(GEOMETRY)
    with Device(link, GEOMETRY, timeout=5, retry=RETRY) as device:
        check(device, programs[0], inputs)
        assert device.statistics.retries > 0
        assert link.lost
    assert link.endpoint._runs >= len(inputs)


def test_link_that_dies_while_running(
    programs: tuple[Program, ...], inputs: npt.NDArray[np.int8]
) -> None:
    class Dies(GoldenLink):
        def write(self, data: bytes) -> None:
            if self.endpoint._runs < 5:
                super().write(data)

    with Device(Dies(GEOMETRY), GEOMETRY, timeout=0.3, retry=RETRY) as device:
        begin = time.monotonic()
        with pytest.raises(LinkError, match=r"no reply to \w+ within 0.3 s"):
            device.run(programs[0], inputs)
        assert time.monotonic() - begin < 5
