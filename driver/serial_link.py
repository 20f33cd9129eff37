"""Links to boards: serial ports, and TCP sockets to boards that are served elsewhere."""

import contextlib
import select
import socket
import time

import serial

from ..arch.geometry import Geometry
from .errors import LinkError
from .link import Link, split_baud

#: What boards with an FTDI bridge are built with.
DEFAULT_BAUD = 3_000_000

#: Seconds until a write that makes no progress, or a connection, is given up.
_PATIENCE = 5.0

#: Seconds that one call of the system's read may take, so that time-outs need not be set anew.
_SLICE = 0.02


class SerialLink:
    """A serial port, 8N1, or any URL that pyserial knows.

    Parameters
        port : such as `/dev/ttyUSB0`, `COM3` or `rfc2217://host:port`
        baud : bits per second; the board's bitstream fixes it
    Raises
        LinkError: the port is absent, taken or refuses the baud rate
    """

    def __init__(self, port: str, baud: int = DEFAULT_BAUD) -> None:
        self.port = port
        try:
            self._serial = serial.serial_for_url(
                port, baudrate=baud, timeout=_SLICE, write_timeout=_PATIENCE, exclusive=True
            )
        except (OSError, ValueError) as error:
            raise LinkError(
                f"{port}: cannot be opened ({_reason(error)}); check that the board is plugged in, "
                "that no other program holds the port, and that you may use it (on Linux: group "
                "dialout)"
            ) from error
        # USB bridges hold back short replies for 16 ms otherwise. Not every port has the setting.
        with contextlib.suppress(AttributeError, NotImplementedError, OSError, ValueError):
            self._serial.set_low_latency_mode(True)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException as error:
            raise LinkError(
                f"{self.port}: takes no bytes for {_PATIENCE:g} s; check the cable"
            ) from error
        except (OSError, TypeError) as error:
            raise _broken(self.port, error) from error

    def read(self, limit: int, timeout: float) -> bytes:
        """Receive at least one byte, or none after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                waiting = self._serial.in_waiting
                if not waiting and timeout <= 0:
                    return b""
                data = bytes(self._serial.read(max(1, min(limit, waiting))))
                if data or time.monotonic() >= deadline:
                    return data
        # pyserial raises TypeError where the port is closed under it.
        except (OSError, TypeError) as error:
            raise _broken(self.port, error) from error

    def close(self) -> None:
        """Close the port."""
        self._serial.close()


class SocketLink:
    """A TCP connection to a device that is served elsewhere (`otus serve`).

    Parameters
        url : `socket://HOST:PORT`
    Raises
        LinkError: nobody listens there
    """

    def __init__(self, url: str) -> None:
        self.url = url
        host, _, port = url.removeprefix("socket://").rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise LinkError(f"{url}: expected socket://HOST:PORT, for example socket://board:5000")
        try:
            self._socket = socket.create_connection((host.strip("[]"), int(port)), _PATIENCE)
        except OSError as error:
            raise LinkError(
                f"{url}: cannot be reached ({_reason(error)}); check the address, and that a "
                "device is served there (otus serve)"
            ) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        try:
            self._socket.settimeout(_PATIENCE)
            self._socket.sendall(data)
        except OSError as error:
            raise _broken(self.url, error) from error

    def read(self, limit: int, timeout: float) -> bytes:
        """Receive at least one byte, or none after `timeout` seconds."""
        try:
            if not select.select([self._socket], [], [], max(0.0, timeout))[0]:
                return b""
            data = self._socket.recv(limit)
        except (OSError, ValueError) as error:
            raise _broken(self.url, error) from error
        if not data:
            raise LinkError(f"{self.url}: the other side has closed the connection")
        return data

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def open_device(name: str, _geometry: Geometry | None = None) -> Link:
    """Open a serial port, with `@BAUD` behind its name if need be, or a socket.

    Raises
        LinkError: it cannot be opened
    """
    if name.startswith("socket://"):
        return SocketLink(name)
    port, baud = split_baud(name)
    return SerialLink(port, DEFAULT_BAUD if baud is None else baud)


def _reason(error: Exception) -> str:
    """Say in short what the system said."""
    return getattr(error, "strerror", None) or str(error)


def _broken(name: str, error: Exception) -> LinkError:
    return LinkError(
        f"{name}: the link broke ({_reason(error)}); check the cable and open it again"
    )
