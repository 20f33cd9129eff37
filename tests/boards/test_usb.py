"""Serial ports as pyserial describes them, which of them is a board's link, and asking it."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flashing import change, device, otus, refused, usb_port
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from otus.boards import BoardError, all_boards, find, flash, usb
from otus.boards.usb import FT231X, FT2232_SECOND, ICELINK, Bridge
from otus.sim.serve import PseudoTerminal


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


def test_finds_the_port_of_the_link(
    output: Path, loader: Path, served: Callable[..., str], plugged: list[ListPortInfo]
) -> None:
    """Among a board of another bridge, and the first port of its own, which loads."""
    name = served(device(), PseudoTerminal)
    plugged += [
        usb_port("/dev/ttyUSB0", "0403:6010", "1-2:1.0"),
        usb_port(name, "0403:6010", "1-2:1.1"),
        usb_port("/dev/ttyUSB2", "0403:6015", "1-3"),
        ListPortInfo("/dev/ttyS0"),
    ]
    result = otus(output)
    assert loader.exists()
    assert result.exit_code == 0, result.output
    assert "looking for the port of the link: 0403:6010, the second port of the" in result.stderr
    assert f"and {name} answers with it: hx8k at 36 MHz; next: otus selftest {name}" in (
        result.stdout
    )
    assert json.loads(otus(output, "--json").stdout)["device"] == name
    # Who answers is compared as with --device.
    change(output, build="00000007")
    assert "build: 1234abcd / 00000007" in refused(output)


def test_port_that_comes_late(
    output: Path, loader: Path, served: Callable[..., str], plugged: list[ListPortInfo]
) -> None:
    """Loaders take the port away for a while."""
    name = served(device(), PseudoTerminal)
    timer = threading.Timer(1.0, plugged.append, [usb_port(name, "0403:6010", "1-2:1.1")])
    timer.start()
    result = otus(output)
    timer.join()
    assert loader.exists()
    assert result.exit_code == 0, result.output


def test_no_port_of_the_link(output: Path, loader: Path, plugged: list[ListPortInfo]) -> None:
    plugged.append(usb_port("/dev/ttyUSB0", "0403:6010", "1-2:1.0"))
    message = refused(output, "--keep")
    assert loader.exists()
    assert (
        "otus: hx8k-b-evn: the bitstream is loaded, but the board was not asked what it is: no "
        "serial port is its link (the second port of the FT2232H behind the USB socket: 0403:6010)"
    ) in message
    assert message.endswith(
        ". To ask it: otus info PORT; to load and compare: otus flash hx8k-b-evn --output "
        f"{output} --keep --device PORT"
    )


def test_several_ports_that_may_be_the_link(
    output: Path, loader: Path, plugged: list[ListPortInfo]
) -> None:
    """None of them is asked: they are not all this board's."""
    plugged += [
        usb_port(f"/dev/ttyUSB{number}", "0403:6010", location, serial)
        for number, location, serial in (
            (10, "1-3:1.1", "FT8"),
            (9, "1-3:1.0", "FT8"),
            (1, "1-2:1.1", "FT7"),
            (0, "1-2:1.0", "FT7"),
        )
    ]
    message = refused(output)
    assert loader.exists()
    assert "asked what it is: it may be behind /dev/ttyUSB1 or /dev/ttyUSB10. To ask" in message
    assert "otus info /dev/ttyUSB1;" in message
    assert message.endswith(" --device /dev/ttyUSB1")


def test_bridge_that_the_user_brings(plugged: list[ListPortInfo]) -> None:
    plugged.append(usb_port("/dev/ttyUSB0", "0403:6015", "1-2"))
    board = find("orangecrab-85f")
    with pytest.raises(BoardError) as caught:
        flash.find_port(board, "otus flash orangecrab-85f", print)
    assert str(caught.value) == (
        "orangecrab-85f: the bitstream is loaded, but the board was not asked what it is: its link "
        f"is {board.bridge}, which cannot be told from others. To ask it: otus info PORT@1000000; "
        "to load and compare: otus flash orangecrab-85f --device PORT@1000000"
    )
    plugged.append(usb_port("/dev/ttyACM0", "1d50:602b", "1-4:1.1"))
    assert flash.find_port(find("icesugar"), "", print) == "/dev/ttyACM0@115200"
