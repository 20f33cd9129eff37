"""Serial ports as pyserial describes them on each system, and which of them is a board's link."""

from collections.abc import Callable

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from otus.boards import all_boards, usb
from otus.boards.usb import FT231X, FT2232_SECOND, ICELINK, Bridge


def port(device: str, bridge: Bridge, serial: str | None, location: str | None) -> ListPortInfo:
    found = ListPortInfo(device)
    found.vid, found.pid = bridge.vendor, bridge.product
    found.serial_number, found.location = serial, location
    found.apply_usb_info()
    return found


#: Two boards with an FT2232H each, and one with an FT231X, on each system.
LINUX = [
    port("/dev/ttyUSB4", FT231X, "DK0", "3-1"),
    port("/dev/ttyUSB3", FT2232_SECOND, "FT8", "1-1.4:1.1"),
    port("/dev/ttyUSB2", FT2232_SECOND, "FT8", "1-1.4:1.0"),
    port("/dev/ttyUSB1", FT2232_SECOND, None, "1-2:1.1"),
    port("/dev/ttyUSB0", FT2232_SECOND, None, "1-2:1.0"),
]
WINDOWS = [
    port("COM12", FT2232_SECOND, "FT8B", None),
    port("COM11", FT2232_SECOND, "FT8A", None),
    port("COM4", FT2232_SECOND, "FT7B", None),
    port("COM3", FT2232_SECOND, "FT7A", None),
    port("COM5", FT231X, "DK0A", None),
]
# A serial number that ends as a letter of FTDI's driver for Windows.
MACOS = [
    port("/dev/cu.usbserial-FT8B1", FT2232_SECOND, "FT8B", "20-1"),
    port("/dev/cu.usbserial-FT8B0", FT2232_SECOND, "FT8B", "20-1"),
    port("/dev/cu.usbserial-1421", FT2232_SECOND, None, "20-2"),
    port("/dev/cu.usbserial-1420", FT2232_SECOND, None, "20-2"),
    port("/dev/cu.usbserial-DK0", FT231X, "DK0", "20-3"),
    # The first port of a third one is away, or the second: nobody knows.
    port("/dev/cu.usbserial-FT90", FT2232_SECOND, "FT9", "20-4"),
]
#: Built in: no USB numbers.
OTHER = [ListPortInfo("/dev/ttyS0"), ListPortInfo("COM1")]


@pytest.mark.parametrize(
    ("system", "second", "only"),
    [
        (LINUX, ["/dev/ttyUSB1", "/dev/ttyUSB3"], "/dev/ttyUSB4"),
        (WINDOWS, ["COM4", "COM12"], "COM5"),
        (MACOS, ["/dev/cu.usbserial-1421", "/dev/cu.usbserial-FT8B1"], "/dev/cu.usbserial-DK0"),
    ],
    ids=["linux", "windows", "macos"],
)
def test_links_are_found(
    monkeypatch: pytest.MonkeyPatch, system: list[ListPortInfo], second: list[str], only: str
) -> None:
    monkeypatch.setattr(list_ports, "comports", lambda: [*OTHER, *system])
    assert usb.ports(FT2232_SECOND) == second
    assert usb.ports(FT231X) == [only]
    assert usb.ports(ICELINK) == []


def test_first_port_alone_is_not_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_ports, "comports", lambda: LINUX[-1:])
    assert usb.ports(FT2232_SECOND) == []
    monkeypatch.setattr(list_ports, "comports", lambda: LINUX[-2:-1])
    assert usb.ports(FT2232_SECOND) == ["/dev/ttyUSB1"]


def test_this_computer_can_be_asked() -> None:
    """Whatever it has: pyserial's own list is read."""
    assert isinstance(usb.ports(FT2232_SECOND), list)


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("second port", lambda bridge: bridge == FT2232_SECOND),
        ("FT231X", lambda bridge: bridge == FT231X),
        ("iCELink", lambda bridge: bridge == ICELINK),
        ("of yours", lambda bridge: bridge is None),
    ],
)
def test_boards_say_the_same_to_people(words: str, fits: Callable[[Bridge | None], bool]) -> None:
    told = [board for board in all_boards() if words in board.bridge]
    assert told
    assert all(fits(board.usb) for board in told)


def test_numbers_are_written_as_lsusb_does() -> None:
    assert [str(bridge) for bridge in (FT2232_SECOND, FT231X, ICELINK)] == [
        "0403:6010",
        "0403:6015",
        "1d50:602b",
    ]
