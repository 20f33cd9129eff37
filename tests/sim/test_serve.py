"""Ports that are served: errors, clients that come and go, replies that nobody reads."""

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from execute import golden

from otus import models
from otus.arch.geometry import NAMED
from otus.arch.packet import Opcode, Status, frame, request, unframe
from otus.driver.compiler import compile_model
from otus.driver.device import Device
from otus.driver.errors import LinkError
from otus.driver.link import open_link
from otus.driver.serial_link import SerialLink
from otus.sim.golden_link import GoldenLink
from otus.sim.serve import PseudoTerminal, TcpPort, serve


def test_taken_port() -> None:
    port = TcpPort()
    number = int(port.name.rsplit(":", 1)[1])
    with pytest.raises(LinkError, match=f"port {number} of 127.0.0.1: cannot be served"):
        TcpPort(number)
    port.close()


def test_tcp_clients_come_and_go() -> None:
    port, stop = TcpPort(), threading.Event()
    thread = threading.Thread(target=serve, args=(GoldenLink(), port, stop))
    thread.start()
    try:
        for sequence in (3, 200):
            address = ("127.0.0.1", int(port.name.rsplit(":", 1)[1]))
            with socket.create_connection(address, 5) as client:
                client.settimeout(5)
                client.sendall(frame(request(sequence, Opcode.RESET)))
                received = b""
                while not received.endswith(b"\0"):
                    received += client.recv(100)
                assert unframe(received[:-1])[:2] == bytes((sequence, Status.OK))
    finally:
        stop.set()
        thread.join(5)


def test_served_board_behind_a_serial_port() -> None:
    """The driver's serial link on the simulated board, as `otus serve` offers it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "otus", "serve"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        name = process.stdout.readline().split()[-1]
        program = compile_model(models.find("azimuth"), NAMED["default"])
        inputs = np.random.default_rng(7).integers(-128, 128, (4, 13, 15), dtype=np.int8)
        with Device(open_link(name), NAMED["default"], timeout=60) as device:
            assert isinstance(device._client.link, SerialLink)
            result = device.run(program, inputs)
        np.testing.assert_array_equal(program.finish(result.logits), golden(program, inputs))
        assert {c.total for c in result.counters} == {program.prediction.total}
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def test_terminal_that_nobody_reads_does_not_block() -> None:
    port = PseudoTerminal()
    taken = [port.send(bytes(4000)) for _ in range(100)]
    assert taken[0] > 0
    assert taken[-1] == 0
    assert Path(port.name).exists()
    port.close()
