"""A march on a memory in Python: faults of cells, of addresses, and such that come and go."""

import random

import numpy as np
import numpy.typing as npt
import pytest

from otus.driver.selftest.bench import SelftestError
from otus.driver.selftest.march import march

Bytes = npt.NDArray[np.uint8]


class Toy:
    """A memory of 100 words of 4 bytes; faults override `cell`."""

    name, depth, width, block = "toy memory", 100, 4, 7

    def __init__(self) -> None:
        self.words = np.zeros((self.depth, self.width), np.uint8)
        self.reads = 0

    def write(self, address: int, words: Bytes) -> None:
        self.words[address : address + len(words)] = words

    def read(self, address: int, count: int) -> Bytes:
        self.reads += 1
        words = self.words[address : address + count].copy()
        self.spoil(address, words)
        return words

    def spoil(self, address: int, words: Bytes) -> None: ...

    def place(self, byte: int) -> str:
        return f", byte {byte}"


def cause(memory: Toy) -> SelftestError:
    with pytest.raises(SelftestError) as caught:
        march(memory, lambda *_: None)
    return caught.value


def test_good_memory_and_progress() -> None:
    told: list[tuple[int, int]] = []
    figures = march(Toy(), lambda *each: told.append(each))
    assert figures == {"words": 100, "bits": 3200}
    assert told == [(n, 60) for n in range(1, 61)]


def test_write_that_disturbs_its_neighbour() -> None:
    """Seen because neighbours are written after one another, in both directions."""

    class Coupled(Toy):
        def write(self, address: int, words: Bytes) -> None:
            super().write(address, words)
            if address <= 41 < address + len(words):
                self.words[60, 2] ^= 8

    error = cause(Coupled())
    assert "the first is word 60, byte 2" in error.what
    assert "(bit 3)" in error.what


def test_errors_that_go_away_are_timing() -> None:
    class Once(Toy):
        def spoil(self, _address: int, words: Bytes) -> None:
            if self.reads == 20:
                words[0, 0] ^= 1

    assert "errors that come and go are timing" in cause(Once()).cause


def test_errors_that_move_are_timing() -> None:
    class Moves(Toy):
        rng = random.Random(1)

        def spoil(self, _address: int, words: Bytes) -> None:
            if self.rng.random() < 0.3:
                words[0, self.rng.randrange(4)] ^= 1 << self.rng.randrange(8)

    assert "other words fail the second time: that is timing" in cause(Moves()).cause


def test_memory_that_is_all_wrong() -> None:
    class Noise(Toy):
        rng = np.random.default_rng(0)

        def spoil(self, _address: int, words: Bytes) -> None:
            words[:] = self.rng.integers(0, 256, words.shape)

    error = cause(Noise())
    assert "100 of 100 words differ" in error.what
    assert "single cells cannot explain" in error.cause


@pytest.mark.parametrize("bit", [2, 6])
def test_memory_that_is_too_small(bit: int) -> None:
    class Folded(Toy):
        def write(self, address: int, words: Bytes) -> None:
            for at, word in enumerate(words, address):
                self.words[at] = word
                if at ^ (1 << bit) < self.depth:
                    self.words[at ^ (1 << bit)] = word

    error = cause(Folded())
    assert f"address bit {bit} does not reach" in error.cause
    assert f"words {1 << bit} apart" in error.cause
