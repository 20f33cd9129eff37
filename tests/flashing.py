"""A bitstream to flash, a board that says it runs it, and ports as pyserial describes them."""

import json
from pathlib import Path

from click.testing import CliRunner, Result
from serial.tools.list_ports_common import ListPortInfo

from otus.arch.geometry import NAMED
from otus.boards import find
from otus.cli import main
from otus.sim.golden_link import GoldenLink

BOARD = find("hx8k-b-evn")
SETUP = BOARD.setup()
GEOMETRY = NAMED[SETUP.geometry]
BUILD = 0x1234ABCD
BITSTREAM = b"\x7e\xaa\x99\x7e bitstream"


def change(output: Path, **values: object) -> None:
    """Change the report."""
    path = output / BOARD.name / SETUP.geometry / "report.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def usb_port(device: str, numbers: str, location: str, serial: str = "FT7ABC") -> ListPortInfo:
    """Describe a port as pyserial does on Linux."""
    port = ListPortInfo(device)
    port.vid, port.pid = (int(number, 16) for number in numbers.split(":"))
    port.location, port.serial_number = location, serial
    port.apply_usb_info()
    return port


def device(build: int = BUILD, clock_hz: int = SETUP.clock_hz) -> GoldenLink:
    link = GoldenLink(GEOMETRY)
    link.endpoint.identity = link.endpoint.identity._replace(build=build, clock_hz=clock_hz)
    return link


def otus(output: Path, *arguments: object, board: str = BOARD.name) -> Result:
    given = ["flash", board, "--output", str(output), *map(str, arguments)]
    return CliRunner().invoke(main, given)


def refused(output: Path, *arguments: object, board: str = BOARD.name) -> str:
    """Flash, which must fail; return the one message."""
    result = otus(output, *arguments, board=board)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())
