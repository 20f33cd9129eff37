"""Devices with a fault put in: golden ones with broken memories, for the self-test to find."""

from dataclasses import dataclass

import numpy as np

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.sim.golden import Machine
from otus.sim.golden_link import GoldenLink


@dataclass(frozen=True)
class Stuck:
    """A bit of a memory that is always 0 or 1."""

    space: Space
    word: int
    byte: int
    bit: int
    value: int


@dataclass(frozen=True)
class Alias:
    """An address bit that a memory ignores."""

    space: Space
    bit: int


class BrokenMachine(Machine):
    """A golden machine with faults.

    Parameters
        faults : all of them at once
    """

    def __init__(self, geometry: Geometry, *faults: Stuck | Alias) -> None:
        super().__init__(geometry)
        self.faults = faults

    def _break(self) -> None:
        for fault in self.faults:
            if isinstance(fault, Alias):
                continue
            if fault.space is Space.ACTIVATION:
                words = self._activations[0].view(np.uint8)
            else:
                words = self._memories[fault.space]
            cell = int(words[fault.word, fault.byte]) & ~(1 << fault.bit)
            words[fault.word, fault.byte] = cell | fault.value << fault.bit

    def write(self, space: Space, address: int, data: bytes) -> None:
        super().write(space, address, data)
        for fault in self.faults:
            if isinstance(fault, Alias) and fault.space is space:
                self._alias(fault, address, data)
        self._break()

    def _alias(self, fault: Alias, address: int, data: bytes) -> None:
        """Let what was written show at the other address as well."""
        words = (
            self._activations[0].view(np.uint8)
            if fault.space is Space.ACTIVATION
            else self._memories[fault.space]
        )
        for word in range(address, address + len(data) // words.shape[1]):
            other = word ^ (1 << fault.bit)
            if other < len(words):
                words[other] = words[word]

    def run(self, entry: int) -> None:
        super().run(entry)
        self._break()


def broken_link(geometry: Geometry, *faults: Stuck | Alias) -> GoldenLink:
    """Open a golden device with faults."""
    link = GoldenLink(geometry)
    link.endpoint.machine = BrokenMachine(geometry, *faults)
    return link
