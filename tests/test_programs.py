"""Running programs: they end at their limit, when they are stopped, and with their parent."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otus import programs


class Children:
    """A shell that starts another program and waits for it for ever.

    Both hold a pipe open: at its end none of them is left.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "pipe"
        os.mkfifo(path)
        self._pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.command = ("sh", "-c", f"exec 3>{path}; sleep 1000 & echo begun >&3; wait")

    def _read(self) -> bytes:
        assert select.select([self._pipe], [], [], 60)[0], "nothing within a minute"
        return os.read(self._pipe, 100)

    def wait_for_begin(self) -> None:
        while not (said := self._read()):
            time.sleep(0.01)  # Nobody has opened the pipe yet.
        assert said == b"begun\n"

    def wait_for_end(self) -> None:
        assert self._read() == b""

    def close(self) -> None:
        os.close(self._pipe)


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    made = Children(tmp_path)
    yield made
    made.close()


def test_a_program_runs_in_its_folder_without_input(tmp_path: Path) -> None:
    script = 'pwd; echo "$NAMED"; cat; echo error >&2; exit 3'
    code, printed = programs.run(("sh", "-c", script), tmp_path, 60, {"NAMED": "as given"})
    assert (code, printed) == (3, f"{tmp_path.resolve()}\nas given\nerror\n")


def test_a_program_that_a_signal_ends_fails(tmp_path: Path) -> None:
    code, _ = programs.run(("sh", "-c", "kill -TERM $$"), tmp_path, 60)
    assert code == 128 + signal.SIGTERM


def test_at_its_limit_a_program_ends_with_all_it_started(
    tmp_path: Path, children: Children
) -> None:
    begin = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        programs.run(children.command, tmp_path, 3)
    assert 3 <= time.monotonic() - begin < 60
    children.wait_for_begin()
    children.wait_for_end()


def test_programs_of_other_threads_are_stopped(tmp_path: Path, children: Children) -> None:
    codes = []
    thread = threading.Thread(
        target=lambda: codes.append(programs.run(children.command, tmp_path, 1000)[0])
    )
    thread.start()
    children.wait_for_begin()
    programs.stop()
    thread.join(60)
    assert codes == [-signal.SIGKILL]
    children.wait_for_end()
    programs.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_programs_end_with_their_parent(tmp_path: Path, children: Children, number: int) -> None:
    code = (
        "import sys; from pathlib import Path; from otus.programs import run; "
        "run(sys.argv[1:], Path(), 1000)"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", code, *children.command],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    ) as parent:
        children.wait_for_begin()
        parent.send_signal(number)
        parent.wait(60)
    children.wait_for_end()
