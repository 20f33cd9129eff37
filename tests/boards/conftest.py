"""Builds with stand-ins for the tools; a loader, ports and boards, for the tests of flashing."""

import hashlib
import json
import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from building import Bench, elaborate_once, use
from flashing import BITSTREAM, BOARD, BUILD, SETUP
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from otus.boards import build, flash
from otus.boards.sources import fingerprint
from otus.driver.link import Link
from otus.sim.serve import Port, TcpPort, serve


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("OTUS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    use(monkeypatch, "amaranth")
    # Elaboration has its own test, and takes seconds.
    plan = elaborate_once()
    monkeypatch.setattr(build, "elaborate", lambda *_: plan)
    return Bench(tmp_path)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Give a build folder with a bitstream and its report."""
    folder = tmp_path / "build" / BOARD.name / SETUP.geometry
    folder.mkdir(parents=True)
    path = folder / "otus.bin"
    path.write_bytes(BITSTREAM)
    report = {
        "board": BOARD.name,
        "geometry": SETUP.geometry,
        "build": f"{BUILD:08x}",
        "sources": fingerprint(BOARD, SETUP),
        "clock_mhz": SETUP.clock_hz / 1e6,
        "fmax_mhz": {"best": 31.5},
        "date": "2026-11-21",
        "bitstream": {"path": str(path), "sha256": hashlib.sha256(BITSTREAM).hexdigest()},
    }
    (folder / "report.json").write_text(json.dumps(report))
    return tmp_path / "build"


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """Put a stand-in openFPGALoader first on PATH; return the file of what it was given.

    It does what LOADER_DOES says, after it has written down its arguments and the bitstream.
    Beside it are others of the same kind.
    """
    request.getfixturevalue("plugged")  # what this computer has does not count
    folder, log = tmp_path / "bin", tmp_path / "loader.json"
    folder.mkdir()
    script = folder / "openFPGALoader"
    for name in ("icesprog", "my-loader"):
        (folder / name).symlink_to(script)
    script.write_text(
        f"#!{sys.executable}\n"
        "import json, os, pathlib, sys, time\n"
        "data = pathlib.Path(sys.argv[-1]).read_bytes()\n"
        f"pathlib.Path({str(log)!r}).write_text(json.dumps([sys.argv[1:], data.hex()]))\n"
        "print('Open file: DONE\\nwriting: 10%\\rwriting: 100%')\n"
        "exec(os.environ.get('LOADER_DOES', ''))\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[ListPortInfo]:
    """Give the serial ports that this computer has: none, until a test adds some."""
    found: list[ListPortInfo] = []
    monkeypatch.setattr(list_ports, "comports", lambda: list(found))
    monkeypatch.setattr(flash, "_BOARD_PATIENCE", 2.0)
    return found


@pytest.fixture
def served() -> Iterator[Callable[..., str]]:
    """Give a function that serves a device, on a socket, and returns the port's name."""
    stop = threading.Event()
    threads = []

    def start(link: Link, kind: Callable[[], Port] = TcpPort) -> str:
        port = kind()
        threads.append(threading.Thread(target=serve, args=(link, port, stop)))
        threads[-1].start()
        return port.name

    yield start
    stop.set()
    for thread in threads:
        thread.join(5)
