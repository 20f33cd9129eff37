"""Programs that start others and do not come to an end, and a way to know that none is left."""

import os
import select
import time
from pathlib import Path


class Children:
    """A shell that starts another program and waits for it for ever.

    Both hold a pipe open: at its end none of them is left, of as many shells as there were.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "pipe"
        os.mkfifo(path)
        self._pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.command = ("sh", "-c", f"exec 3>{path}; sleep 1000 & echo begun >&3; wait")

    def _read(self) -> bytes:
        assert select.select([self._pipe], [], [], 60)[0], "nothing within a minute"
        return os.read(self._pipe, 100)

    def wait_for_begin(self, shells: int = 1) -> None:
        said = b""
        while len(said) < shells * len(b"begun\n"):
            said += self._read()
            time.sleep(0.01)  # Nobody may have opened the pipe yet.
        assert said == b"begun\n" * shells

    def wait_for_end(self) -> None:
        assert self._read() == b""

    def close(self) -> None:
        os.close(self._pipe)
