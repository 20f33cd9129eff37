"""Spread work over processes, each with one thread of linear algebra.

The number of threads changes the last bits of a matrix product, so that one process also computes
with one thread.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from .errors import DatasetError
from .extras import require
from .progress import track

#: No item takes so long, seconds.
PATIENCE = 600.0

#: What the work needs and takes long to import.
PRELOAD = (f"{__package__}.generate", "pyroomacoustics", "soundfile")

_task: Callable[[int], object]


def available() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    task: Callable[[int], object],
    items: Sequence[int],
    workers: int,
    label: str,
    progress: bool = False,
) -> None:
    """Run `task` on every item, in any order.

    Parameters
        task : picklable; what it raises ends the work
        workers : processes; 1: this one
        label : what the progress bar says
    Raises
        DatasetError: a process died, or nothing came back within PATIENCE
    """
    if workers < 1:
        raise DatasetError(f"workers: got {workers}, allowed are integers from 1")
    if workers == 1:
        with one_thread():
            for item in track(items, label, progress):
                task(item)
    elif items:
        done = _processes(task, items, min(workers, len(items)))
        for _ in track(done, label, progress, total=len(items)):
            pass


def one_thread() -> Any:
    """Limit linear algebra to one thread, for the process or for a `with` block."""
    return require("threadpoolctl", "train").threadpool_limits(1)


def _processes(task: Callable[[int], object], items: Sequence[int], workers: int) -> Iterator[None]:
    """Yield whenever an item is done."""
    others = multiprocessing.active_children()
    pool = ProcessPoolExecutor(
        workers,
        mp_context=_context(),
        initializer=_begin,
        initargs=(task,),
    )
    try:
        pending: set[Future[None]] = {pool.submit(_run, item) for item in items}
        while pending:
            done, pending = wait(pending, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            if not done:
                # The pool waits for them as it closes.
                for process in multiprocessing.active_children():
                    if process not in others:
                        process.kill()
                raise DatasetError(f"nothing was finished in {PATIENCE:g} s; run it again")
            for future in done:
                future.result()
                yield
    except BrokenProcessPool as error:
        raise DatasetError(
            "a process ended abruptly, perhaps for want of memory; try fewer workers: what is "
            "done is kept"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _context() -> Any:
    """Processes that start from a server with the imports done, where the system has such.

    They are never copies of this process, whose other libraries may run threads.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOAD))
    return context


def _begin(task: Callable[[int], object]) -> None:
    """Prepare a process: it leaves interrupts to its parent, and does not outlive it."""
    global _task
    _task = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_thread()
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _run(item: int) -> None:
    _task(item)
