"""Which serial port of this computer is a board's link: told by the USB numbers of its bridge.

Sources: openFPGALoader, src/cable.hpp (FTDI's bridges, and those that pass for one); icesugar,
tools/src/icesprog.c (iCELink).
"""

import re
from dataclasses import dataclass
from itertools import groupby

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo


@dataclass(frozen=True)
class Bridge:
    """A USB bridge behind a link.

    Parameters
        vendor, product : its USB numbers
        interface : that is the link, from 0 on; None where the bridge has one serial port
    """

    vendor: int
    product: int
    interface: int | None = None

    def __str__(self) -> str:
        """Write the numbers as lsusb does."""
        return f"{self.vendor:04x}:{self.product:04x}"


#: The second port of an FT2232H, or of a microcontroller that passes for one (BL702).
FT2232_SECOND = Bridge(0x0403, 0x6010, 1)
FT231X = Bridge(0x0403, 0x6015)
ICELINK = Bridge(0x1D50, 0x602B)


def ports(bridge: Bridge) -> list[str]:
    """List the serial ports that are the link behind such a bridge, of each that is plugged in."""
    fitting = [
        p for p in list_ports.comports() if (p.vid, p.pid) == (bridge.vendor, bridge.product)
    ]
    number = bridge.interface
    if number is None:
        return [port.device for port in sorted(fitting)]
    found = [port for port in fitting if _interface(port) == number]
    # Where the system does not say (macOS), the ports of a bridge are in order.
    silent = sorted((p for p in fitting if _interface(p) is None), key=_bridge)
    for _, group in groupby(silent, key=_bridge):
        found += sorted(group)[number : number + 1]
    return [port.device for port in sorted(found)]


def _interface(port: ListPortInfo) -> int | None:
    """Tell which port of its bridge this is."""
    # Linux, and Windows' own drivers: 1-2:1.1.
    if match := re.search(r":\w+\.(\d+)$", port.location or ""):
        return int(match[1])
    # FTDI's driver for Windows hides the location, and puts a letter behind the serial number.
    if port.location is None and (match := re.search("[A-D]$", port.serial_number or "")):
        return "ABCD".index(match[0])
    return None


def _bridge(port: ListPortInfo) -> tuple[str, str]:
    """Tell the ports of one bridge from those of another."""
    return (port.serial_number or "", port.location or "")
