"""Random reductions for accumulators: windows of reductions of words, with idle gaps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...hw.accumulator import Control
from .ports import encode


@dataclass(frozen=True)
class Word:
    """What the array is given in one cycle.

    Parameters
        control : as encoded; in an idle cycle everything but `valid` is random
        index : number of the word; None in an idle cycle
        reduction : number of the reduction that the word belongs to
        fresh : the reduction is the first of its window
        last : the word ends the reduction
    """

    control: int
    index: int | None = None
    reduction: int = 0
    fresh: bool = False
    last: bool = False


def random_words(rng: np.random.Generator, reductions: int, idle: float) -> list[Word]:
    """Draw `reductions` reductions of 1 to 6 words in windows of 1 to 3, idle at times."""
    words: list[Word] = []
    index = left = 0
    for reduction in range(reductions):
        fresh = left == 0
        left = int(rng.integers(0, 3)) if fresh else left - 1
        length = int(rng.integers(1, 7))
        for k in range(length):
            while rng.random() < idle:
                first, last, start = (int(bit) for bit in rng.integers(0, 2, 3))
                words.append(Word(encode(Control, {"first": first, "last": last, "fresh": start})))
            last = int(k == length - 1)
            control = encode(
                Control, {"valid": 1, "first": int(k == 0), "last": last, "fresh": int(fresh)}
            )
            words.append(Word(control, index, reduction, fresh, bool(last)))
            index += 1
    return words


def pooled_after(
    words: list[Word], sums: npt.NDArray[np.int64], bits: int
) -> list[npt.NDArray[np.int64] | None]:
    """Return the pooled maximum after every word: None before the first reduction ends.

    Parameters
        sums : int64 [words, ...], by Word.index
        bits : width of the accumulator
    """
    after: list[npt.NDArray[np.int64] | None] = []
    pooled: npt.NDArray[np.int64] | None = None
    total = np.zeros(sums.shape[1:], np.int64)
    half = 1 << (bits - 1)
    for word in words:
        if word.index is not None:
            total = total + sums[word.index]
            if word.last:
                wrapped = (total + half) % (2 * half) - half
                before = wrapped if pooled is None or word.fresh else pooled
                pooled = np.maximum(before, wrapped)
                total = np.zeros_like(total)
        after.append(pooled)
    return after
