import functools
import operator
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl

from otus.doa import parallel
from otus.doa.errors import DatasetError
from otus.doa.parallel import available, spread


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_task_raises_ends_the_work(workers: int) -> None:
    spread(functools.partial(operator.truediv, 1), [1, 2, 3], workers, "divide")
    with pytest.raises(ZeroDivisionError):
        spread(functools.partial(operator.truediv, 1), [1, 0, 3], workers, "divide")


def test_one_process_computes_with_one_thread() -> None:
    seen = []

    def look(_: int) -> None:
        pools = threadpoolctl.threadpool_info()
        seen.append([p["num_threads"] for p in pools if p["user_api"] == "blas"])

    np.dot(np.eye(2), np.eye(2))
    spread(look, [0], 1, "look")
    assert seen[0]
    assert set(seen[0]) == {1}


def test_a_process_that_dies_is_an_error() -> None:
    with pytest.raises(
        DatasetError, match=r"ended abruptly, .* fewer workers: what is done is kep"
    ):
        spread(os._exit, [3, 4], 2, "die")


def test_processes_that_hang_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "PATIENCE", 1.5)
    begin = time.monotonic()
    with pytest.raises(DatasetError, match=r"nothing was finished in 1\.5 s; run it again"):
        spread(time.sleep, [1000, 1000], 2, "sleep")
    assert time.monotonic() - begin < 100


def test_at_least_one_worker() -> None:
    assert 1 <= available() <= (os.cpu_count() or 1)
    with pytest.raises(DatasetError, match="workers: got 0"):
        spread(print, [1], 0, "none")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_outlives_its_parent() -> None:
    program = (
        "import time; from otus.doa.parallel import spread\n"
        "if __name__ == '__main__': spread(time.sleep, [100, 100], 2, 'sleep')"
    )
    parent = subprocess.Popen([sys.executable, "-P", "-c", program], start_new_session=True)

    def others() -> list[int]:
        found = []
        for pid in (int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()):
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                if os.getsid(pid) == parent.pid != pid and state != "Z":
                    found.append(pid)
            except OSError:
                continue
        return found

    try:
        limit = time.monotonic() + 120
        while len(others()) < 4 and time.monotonic() < limit:  # server, tracker, two workers
            time.sleep(0.2)
        assert len(others()) >= 4
        parent.kill()
        parent.wait(timeout=30)
        limit = time.monotonic() + 30
        while others() and time.monotonic() < limit:
            time.sleep(0.2)
        assert not others()
    finally:
        for pid in [*others(), parent.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        parent.wait(timeout=30)
