"""Ports that are served: errors, clients that come and go, replies that nobody reads."""

import socket
import threading
from pathlib import Path

import pytest

from otus.arch.packet import Opcode, Status, frame, request, unframe
from otus.driver.errors import LinkError
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


def test_terminal_that_nobody_reads_does_not_block() -> None:
    port = PseudoTerminal()
    taken = [port.send(bytes(4000)) for _ in range(100)]
    assert taken[0] > 0
    assert taken[-1] == 0
    assert Path(port.name).exists()
    port.close()
