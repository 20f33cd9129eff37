"""`otus selftest` as its users meet it: text, JSON, exit codes, golden, sim, a port."""

import json
import subprocess
import sys
import threading

import pytest
from broken import Stuck, broken_link
from click.testing import CliRunner, Result

from otus.arch.geometry import NAMED
from otus.arch.memory import Space
from otus.cli import main
from otus.driver.link import Link
from otus.sim.golden_link import GoldenLink
from otus.sim.serve import TcpPort, serve


def otus(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["selftest", *map(str, arguments)])


def served(link: Link) -> tuple[str, threading.Event]:
    """Serve a device on a socket; return its name and what ends it."""
    port, stop = TcpPort(), threading.Event()
    threading.Thread(target=serve, args=(link, port, stop), daemon=True).start()
    return port.name, stop


def test_text_of_a_device_that_passes() -> None:
    result = otus("golden", "--geometry", "hx8k", "--soak", 0)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "2x2, no clock (simulated), build 00000000"
    assert sum(line.startswith("ok ") for line in lines) == 9
    assert "weight memories of all columns, march" in result.output
    assert lines[-1] == "passed"


def test_json_of_a_served_device() -> None:
    name, stop = served(GoldenLink(NAMED["hx8k"]))
    result = otus(name, "--soak", 0.1, "--json")
    stop.set()
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values["ok"]
    assert values["device"] == name
    assert values["identity"]["geometry"]["rows"] == 2
    assert {"otus", "python", "host"} <= set(values)
    assert all(step["ok"] and step["seconds"] >= 0 for step in values["steps"])


@pytest.mark.parametrize("as_json", [True, False])
def test_failure_is_told_and_exits_with_one(as_json: bool) -> None:
    name, stop = served(broken_link(NAMED["hx8k"], Stuck(Space.WEIGHT, 77, 3, 5, 1)))
    result = otus(name, "--soak", 0, *(["--json"] if as_json else []))
    stop.set()
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    if as_json:
        steps = {step["name"]: step for step in json.loads(result.stdout)["steps"]}
        assert steps["parameter"]["ok"] is True
        assert steps["weight"]["ok"] is False
        assert "word 77, column 1, row 1" in steps["weight"]["failure"]
        assert "block RAM" in steps["weight"]["cause"]
        assert steps["answers"]["ok"] is None
    else:
        assert "FAILED  weight memories of all columns" in result.output
        assert "not run whole networks, known answers" in result.output
        assert "likely: the same words fail again" in result.output


def test_another_geometry_than_asked_for() -> None:
    name, stop = served(GoldenLink(NAMED["hx8k"]))
    result = otus(name, "--geometry", "up5k", "--soak", 0)
    stop.set()
    assert result.exit_code == 1
    assert "the device is 2x2, asked for 4x2x2" in result.output


def test_port_that_is_not_there() -> None:
    result = otus("/dev/ttyUSB99")
    assert result.exit_code == 1
    assert "/dev/ttyUSB99: cannot be opened" in result.output


def test_board_behind_a_serial_port() -> None:
    """The simulated board on a pseudo-terminal: everything but the cable."""
    process = subprocess.Popen(
        [sys.executable, "-m", "otus", "serve", "--geometry", "hx8k"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        name = process.stdout.readline().split()[-1]
        result = otus(name, "--soak", 0.2, "--timeout", 60)
        assert result.exit_code == 0, result.output
        assert "cycles each as predicted" in result.output
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
