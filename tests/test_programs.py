"""Running programs: they end at their limit, when they are stopped, and with their parent."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from children import Children

from otus import programs


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


def test_a_request_to_end_is_an_interrupt_once() -> None:
    with programs.interruptible():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        # Whoever cleans up is not interrupted.
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
    assert {signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGHUP)} == {signal.SIG_DFL}


def test_signals_that_are_ignored_stay_so() -> None:
    """As nohup has it; and threads may not say what signals do."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with programs.interruptible():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    found = []

    def elsewhere() -> None:
        with programs.interruptible():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(60)
    assert found == [signal.SIG_DFL]
