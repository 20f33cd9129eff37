"""Run programs that may not come to an end, and leave none behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

#: Runs a command in a group of processes, which ends with the process whose number is given,
#: however that one ends.
_GUARD = """
import os, signal, subprocess, sys, threading, time
parent, *command = sys.argv[1:]

def follow():
    while os.getppid() == int(parent):
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)

threading.Thread(target=follow, daemon=True).start()
code = subprocess.call(command)
sys.exit(code if code >= 0 else 128 - code)
"""

#: What runs at this moment.
_running: set[subprocess.Popen[str]] = set()


def run(
    command: Sequence[str], folder: Path, limit: float, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a program in `folder` to its end, without input.

    The program and what it starts are a group of processes (POSIX only): it is ended as a whole,
    and it ends where this process does.

    Parameters
        limit : seconds that it may take
        env : environment; this process's own where none is given
    Returns
        exit code, and what it printed
    Raises
        subprocess.TimeoutExpired: it took longer, and was ended
    """
    if sys.platform != "win32":
        command = [sys.executable, "-IS", "-c", _GUARD, str(os.getpid()), *command]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    ) as program:
        _running.add(program)
        try:
            printed, _ = program.communicate(timeout=limit)
        except BaseException:
            _end(program)
            raise
        finally:
            _running.discard(program)
    return program.returncode, printed


def stop() -> None:
    """End the programs that run in other threads: what they do is no longer needed."""
    for program in list(_running):
        _end(program)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a request to end (SIGTERM, SIGHUP) do what an interrupt does: clean up, then end.

    Repeated requests change nothing. A signal that someone handles or ignores is left to them.
    """
    taken: list[signal.Signals] = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in taken:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    # Only the main thread may.
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, interrupt)
                taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _end(program: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        program.kill()
    else:
        # It may have ended just now.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)
