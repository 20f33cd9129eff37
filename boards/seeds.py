"""Seeds side by side: one that does not come to an end does not lose the others."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from .. import programs
from .tools import OverrunError

_Placed = TypeVar("_Placed")


def place_all(
    place: Callable[[int], _Placed], seeds: Sequence[int], jobs: int, tell: Callable[[str], None]
) -> tuple[list[_Placed], list[int]]:
    """Place all seeds; where one fails, or the user interrupts, the others end.

    Parameters
        place : places a seed
        jobs : seeds placed side by side
        tell : is told of seeds that do not come to an end
    Returns
        what was placed, and the seeds that did not come to an end, both in the order of `seeds`
    """
    failed = Event()
    late: set[int] = set()

    def place_one(seed: int) -> _Placed | None:
        if failed.is_set():
            return None
        try:
            return place(seed)
        except OverrunError as error:
            late.add(seed)
            tell(str(error))
            return None
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(place_one, seed) for seed in seeds]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for error in filter(None, (future.exception() for future in done)):
                raise error
        except BaseException:
            failed.set()
            # A seed may be about to start its program.
            while wait(futures, timeout=0.2).not_done:
                programs.stop()
            raise
    placed = [future.result() for future in futures]
    return [p for p in placed if p is not None], [seed for seed in seeds if seed in late]
