"""A march through a memory, and what its errors look like.

Every word is written and read with a pattern of its own and with the inverse, from both ends: each
bit of each word holds 0 and 1 after its neighbours held both, and a word that takes another one's
place shows, since no two patterns are equal.

Source: van de Goor 1993, Using March Tests to Test SRAMs (March C-), here over blocks of words
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .bench import LOWER_CLOCK, Bytes, Progress, SelftestError

_SEED = 2026

#: Share of the words above which errors are no matter of single cells.
_MOST = 0.5


class Memory(Protocol):
    """A memory under test, of `depth` words of `width` bytes."""

    #: As it is told.
    name: str
    depth: int
    width: int
    #: Words read at a time.
    block: int

    def write(self, address: int, words: Bytes) -> None:
        """Write uint8 [n, width] from `address` on."""

    def read(self, address: int, count: int) -> Bytes:
        """Read uint8 [count, width]; count is at most `block`."""

    def place(self, byte: int) -> str:
        """Name the part of a word that a byte belongs to."""


@dataclass(frozen=True)
class _Wrong:
    """Words that differ: where, what they should be, what they are."""

    addresses: npt.NDArray[np.intp]
    expected: Bytes
    found: Bytes


def march(memory: Memory, progress: Progress) -> dict[str, int]:
    """March through a memory.

    Returns
        figures: words, bits
    Raises
        SelftestError: words differ: which ones, and what that looks like
    """
    shape = (memory.depth, memory.width)
    pattern = np.random.default_rng(_SEED).integers(0, 256, shape, dtype=np.uint8)
    starts = range(0, memory.depth, memory.block)
    total = 4 * len(starts)

    def element(
        number: int, down: bool, expected: Bytes | None, following: Bytes | None
    ) -> _Wrong | None:
        """Read every block, if anything is expected, and write what follows."""
        wrong: list[_Wrong] = []
        for done, start in enumerate(reversed(starts) if down else starts):
            end = min(start + memory.block, memory.depth)
            if expected is not None:
                found = memory.read(start, end - start)
                bad = np.flatnonzero((found != expected[start:end]).any(axis=1))
                if len(bad):
                    wrong.append(_Wrong(start + bad, expected[start + bad], found[bad]))
            if following is not None:
                memory.write(start, following[start:end])
            progress(number * len(starts) + done + 1, total)
        if not wrong:
            return None
        return _Wrong(
            np.concatenate([each.addresses for each in wrong]),
            np.concatenate([each.expected for each in wrong]),
            np.concatenate([each.found for each in wrong]),
        )

    inverse = ~pattern
    elements: tuple[tuple[bool, Bytes | None, Bytes | None], ...] = (
        (False, None, pattern),
        (False, pattern, inverse),
        (True, inverse, pattern),
        (False, pattern, None),
    )
    for number, (down, expected, following) in enumerate(elements):
        wrong = element(number, down, expected, following)
        if wrong is not None:
            # Once more in peace: does the same fail again?
            element(0, False, None, expected)
            again = element(3, False, expected, None)
            raise _failure(memory, pattern, wrong, again)
    return {"words": memory.depth, "bits": 8 * memory.depth * memory.width}


def _failure(memory: Memory, pattern: Bytes, wrong: _Wrong, again: _Wrong | None) -> SelftestError:
    """Say what is wrong, and what it looks like."""
    count = len(wrong.addresses)
    word, byte = int(wrong.addresses[0]), int(np.flatnonzero(wrong.expected[0] ^ wrong.found[0])[0])
    expected, found = int(wrong.expected[0, byte]), int(wrong.found[0, byte])
    bit = ((expected ^ found) & -(expected ^ found)).bit_length() - 1
    where = memory.place(byte)
    what = (
        f"{memory.name}: {count} of {memory.depth} words differ; the first is word {word}{where}: "
        f"wrote {expected:#04x}, read {found:#04x} (bit {bit})"
    )
    return SelftestError(what, _cause(memory, pattern, wrong, again, where, bit))


def _cause(
    memory: Memory, pattern: Bytes, wrong: _Wrong, again: _Wrong | None, where: str, bit: int
) -> str:
    alias = _alias(memory, pattern, wrong)
    if alias is not None:
        return (
            f"address bit {alias} does not reach the memory, so that words {1 << alias} apart are "
            "one: the memory is smaller than the identity says (the bitstream is from another "
            f"build), or timing fails on its address: {LOWER_CLOCK}"
        )
    share = len(wrong.addresses) / memory.depth
    flips = wrong.expected ^ wrong.found
    few = sum(int(each).bit_count() for each in np.bitwise_or.reduce(flips)) <= memory.width
    if share > _MOST / 2 and few and memory.width > 1:
        return (
            f"the same few bits at many addresses, such as bit {bit}{where}: the data path of "
            f"that bit (block RAM port, multiplier, wire), or its timing: {LOWER_CLOCK}"
        )
    if share > _MOST:
        return (
            "most words are wrong, which single cells cannot explain: timing fails altogether, or "
            f"the bitstream is not what its identity says: {LOWER_CLOCK}"
        )
    if again is None:
        return f"a second try found nothing: errors that come and go are timing: {LOWER_CLOCK}"
    if np.array_equal(again.addresses, wrong.addresses):
        return (
            "the same words fail again: the block RAM there is defective, or written wrongly (a "
            "fault of the synthesis); try another seed (`otus build BOARD --seeds N`), and if the "
            "words stay the same, another board"
        )
    return f"other words fail the second time: that is timing: {LOWER_CLOCK}"


def _alias(memory: Memory, pattern: Bytes, wrong: _Wrong) -> int | None:
    """Find the address bit whose other half most wrong words show."""
    for bit in range((memory.depth - 1).bit_length()):
        other = wrong.addresses ^ (1 << bit)
        inside = other < memory.depth
        if not inside.any():
            continue
        theirs = pattern[other[inside]]
        found = wrong.found[inside]
        same = ((found == theirs) | (found == ~theirs)).all(axis=1)
        if same.sum() > _MOST * len(wrong.addresses) and memory.width * 8 * same.sum() > 64:
            return bit
    return None
