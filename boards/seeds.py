"""Seeds side by side: one that comes to no result does not lose the others."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from .. import programs
from .errors import BoardError

_Placed = TypeVar("_Placed")


class SeedError(BoardError):
    """Place and route came to no result with a seed; with another it may.

    Parameters
        seed : of the placer
        reason : what went wrong, in a few words that follow the seed's number
        seconds : that it took
        log : last lines of the program's, where they say more
    """

    def __init__(self, seed: int, reason: str, seconds: float, log: str = "") -> None:
        self.seed = seed
        self.reason = reason
        self.seconds = seconds
        self.log = log
        super().__init__(f"seed {seed} {reason}{log and f':{chr(10)}{log}'}")


def place_all(
    place: Callable[[int], _Placed], seeds: Sequence[int], jobs: int, tell: Callable[[str], None]
) -> tuple[list[_Placed], list[SeedError]]:
    """Place all seeds; where the build fails, or the user interrupts, all end.

    Parameters
        place : places a seed; what it raises fails the build, but for a SeedError
        jobs : seeds placed side by side
        tell : is told of seeds that come to no result
    Returns
        what was placed, and why other seeds were not, both in the order of `seeds`
    """
    failed = Event()

    def place_one(seed: int) -> _Placed | SeedError | None:
        if failed.is_set():
            return None
        try:
            return place(seed)
        except SeedError as error:
            # Where all end, what was ended has not failed.
            if not failed.is_set():
                tell(str(error))
            return error
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
    results = [future.result() for future in futures]
    errors = [result for result in results if isinstance(result, SeedError)]
    return [r for r in results if r is not None and not isinstance(r, SeedError)], errors
