"""Serial ports and sockets, against a device that is served on them."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from execute import golden
from modelgen import reference_model

from otus.arch.geometry import Geometry
from otus.driver.compiler import compile_model
from otus.driver.device import Device
from otus.driver.errors import LinkError
from otus.driver.serial_link import SerialLink, SocketLink, open_device
from otus.sim.golden_link import GoldenLink
from otus.sim.serve import Port, PseudoTerminal, TcpPort, serve

GEOMETRY = Geometry.parse("8x8")


@pytest.fixture(params=[PseudoTerminal, TcpPort])
def port(request: pytest.FixtureRequest) -> Iterator[Port]:
    served: Port = request.param()
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(GoldenLink(GEOMETRY), served, stop))
    thread.start()
    yield served
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


def test_inferences_twice_on_the_same_port(port: Port) -> None:
    program = compile_model(reference_model(36), GEOMETRY)
    shape = (10, *program.input.shape[1:])
    inputs = np.random.default_rng(2).integers(-128, 128, shape, dtype=np.int8)
    for _ in range(2):
        with Device(open_device(port.name), GEOMETRY) as device:
            result = device.run(program, inputs)
        np.testing.assert_array_equal(program.finish(result.logits), golden(program, inputs))


def test_read_waits_no_longer_than_it_should(port: Port) -> None:
    link = open_device(port.name)
    begin = time.monotonic()
    assert link.read(10, 0.1) == b""
    assert 0.09 < time.monotonic() - begin < 0.5
    link.close()


def test_closed_link_says_so(port: Port) -> None:
    link = open_device(port.name)
    link.close()
    with pytest.raises(LinkError, match="the link broke"):
        link.read(10, 0.1)


def test_kinds() -> None:
    port = TcpPort()
    socket = open_device(port.name)
    assert isinstance(socket, SocketLink)
    socket.close()
    port.close()
    with pytest.raises(LinkError, match="cannot be opened"):
        SerialLink("/dev/no-such-port")


def test_other_side_hangs_up() -> None:
    port = TcpPort()
    link = open_device(port.name)
    port.receive(1.0)
    port.close()
    with pytest.raises(LinkError, match=r"the other side has closed the connection|the link broke"):
        link.read(10, 1.0)
    link.close()
