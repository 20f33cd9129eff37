"""The link to a device: a byte stream, opened by name."""

import difflib
import re
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from ..arch.geometry import Geometry
from .errors import LinkError

#: Where backends register. Each is called as `open_device(name, geometry)`.
GROUP = "otus.devices"

#: What brings the modules that a backend needs.
_EXTRAS = {"sim": "otus[sim]"}

_SERIAL = re.compile(r"/dev/.+|COM\d+(@\d+)?", re.IGNORECASE)


class Link(Protocol):
    """A byte stream to one device. Bytes may be lost or damaged; frames tell (arch.packet)."""

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises
            LinkError: the link broke, or took none for some seconds
        """

    def read(self, limit: int, timeout: float) -> bytes:
        """Receive at least one and at most `limit` bytes, or none after `timeout` seconds.

        Raises
            LinkError: the link broke
        """

    def close(self) -> None:
        """Close the link; a second time does nothing."""


def open_link(device: str, geometry: Geometry | None = None) -> Link:
    """Open the link to a device.

    Parameters
        device : `sim`, `golden`, a serial port (`/dev/ttyUSB0`, `COM3`; `@BAUD` may follow),
            `socket://HOST:PORT`, or the name of another backend that is installed
        geometry : of a simulated device; a board knows its own
    Raises
        LinkError: no such device, or it cannot be opened
    """
    return _load(_backend(device))(device, geometry)


def check_name(device: str) -> None:
    """Refuse what can be no device's name, without opening it.

    Raises
        LinkError: no backend takes such a name, or a baud rate that is no number
    """
    if _backend(device).name == "serial":
        split_baud(device)


def split_baud(device: str) -> tuple[str, int | None]:
    """Split the name of a serial port into the port and the baud rate that follows it.

    Raises
        LinkError: what follows `@` is no number, or 0
    """
    port, at, baud = device.partition("@")
    if not at:
        return port, None
    if not baud.isdecimal() or not int(baud):
        raise LinkError(
            f"{device}: baud rate: got {baud!r}, expected a number, as in {port}@3000000"
        )
    return port, int(baud)


def _backend(device: str) -> EntryPoint:
    backends = {entry.name: entry for entry in entry_points(group=GROUP)}
    if "://" in device:
        name = device.split("://")[0]
        name = name if name in backends else "serial"
    else:
        name = "serial" if _SERIAL.fullmatch(device) else device
    if name not in backends:
        raise LinkError(_unknown(device, name, sorted(backends)))
    return backends[name]


def _load(entry: EntryPoint) -> Callable[[str, Geometry | None], Link]:
    try:
        opener: Callable[[str, Geometry | None], Link] = entry.load()
    except ImportError as error:
        extra = _EXTRAS.get(entry.name, "otus")
        raise LinkError(
            f"device {entry.name!r}: its module {entry.module} cannot be imported ({error}); "
            f"install it with: pip install '{extra}'"
        ) from error
    return opener


def _unknown(device: str, name: str, backends: list[str]) -> str:
    if not backends:
        return f"device {device!r}: no backend is registered; install the package: pip install otus"
    known = [each for each in backends if each not in ("serial", "socket")]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return (
        f"device {device!r} is not known; {hint}allowed are {', '.join(known)}, a serial port such "
        "as /dev/ttyUSB0 or COM3, and socket://HOST:PORT"
    )
