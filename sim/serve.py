"""Serve a device on a pseudo-terminal or a TCP port: a board for programs that expect one."""

import contextlib
import os
import select
import socket
import threading
import time
from typing import Protocol

from ..driver.errors import LinkError
from ..driver.link import Link

_READ_BYTES = 1 << 16

#: Seconds for which the device computes, and for which the client is waited for, in turn.
_TURN = 0.01

#: Replies that nobody fetches are dropped beyond this, as a UART drops them.
_UNREAD_BYTES = 1 << 20


class Port(Protocol):
    """Where a client connects."""

    #: For `--device`.
    name: str

    def receive(self, timeout: float) -> bytes:
        """Return what the client sent; nothing after `timeout` seconds."""

    def send(self, data: bytes) -> int:
        """Pass on what the client takes now; return how many bytes it took."""

    def close(self) -> None:
        """Close it."""


class PseudoTerminal:
    """A serial port without a cable (POSIX only).

    Raises
        LinkError: this system has none
    """

    def __init__(self) -> None:
        try:
            import tty
        except ImportError as error:
            raise LinkError(
                "pseudo-terminals need a POSIX system; serve a TCP port instead: otus serve --tcp 0"
            ) from error
        # The other end stays open here, so that clients may come and go.
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.name = os.ttyname(self._theirs)

    def receive(self, timeout: float) -> bytes:
        """Return what the client sent."""
        if not select.select([self._ours], [], [], timeout)[0]:
            return b""
        return os.read(self._ours, _READ_BYTES)

    def send(self, data: bytes) -> int:
        """Pass on what fits the terminal's buffer."""
        try:
            return os.write(self._ours, data)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Close both ends."""
        os.close(self._ours)
        os.close(self._theirs)


class TcpPort:
    """A TCP port for one client at a time.

    Parameters
        port : number; 0 takes a free one
        host : address to listen on
    Raises
        LinkError: the port is taken or not allowed
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        try:
            self._listener = socket.create_server((host, port))
        except OSError as error:
            raise LinkError(
                f"port {port} of {host}: cannot be served ({error.strerror}); choose another one, "
                "or 0 for any"
            ) from error
        self._client: socket.socket | None = None
        self.name = f"socket://{host}:{self._listener.getsockname()[1]}"

    def receive(self, timeout: float) -> bytes:
        """Return what the client sent; without a client, wait for one."""
        waiting = self._client or self._listener
        if not select.select([waiting], [], [], timeout)[0]:
            return b""
        if self._client is None:
            self._client = self._listener.accept()[0]
            self._client.setblocking(False)
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        data = b""
        with contextlib.suppress(ConnectionError):
            data = self._client.recv(_READ_BYTES)
        if not data:
            self._hang_up()
        return data

    def send(self, data: bytes) -> int:
        """Pass on what fits the connection's buffer; without a client it is lost."""
        if self._client is None:
            return len(data)
        try:
            return self._client.send(data)
        except BlockingIOError:
            return 0
        except ConnectionError:
            self._hang_up()
            return len(data)

    def close(self) -> None:
        """Hang up and stop listening."""
        self._hang_up()
        self._listener.close()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def serve(link: Link, port: Port, stop: threading.Event) -> None:
    """Pass bytes between a device and a port until `stop` is set; close both.

    Parameters
        link : to the device; used by the calling thread only
        port : where clients connect
    """
    unread = b""
    busy_until = 0.0
    try:
        while not stop.is_set():
            busy = bool(unread) or time.monotonic() < busy_until
            data = port.receive(0.0 if busy else _TURN)
            if data:
                link.write(data)
                busy_until = time.monotonic() + 10 * _TURN
            received = link.read(_READ_BYTES, _TURN if busy or data else 0.0)
            if received:
                busy_until = time.monotonic() + 10 * _TURN
            unread += received
            if unread:
                unread = unread[port.send(unread) :]
            if len(unread) > _UNREAD_BYTES:
                unread = b""
    finally:
        port.close()
        link.close()
