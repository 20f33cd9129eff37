"""Drive and record the ports of modules without handshakes, and measure their latency."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...arch.geometry import Geometry
from .streams import Bench, parameters

#: Cycles beyond the stated latency in which a later one would still be found.
MARGIN = 8

Row = Mapping[str, int]


def geometry() -> Geometry:
    """Return the geometry that the bench was given."""
    return Geometry(**parameters()["geometry"])


def unsigned(value: int, bits: int) -> int:
    """Encode in two's complement."""
    return value & ((1 << bits) - 1)


def signed(value: int, bits: int) -> int:
    """Decode two's complement; bits above are ignored."""
    value = unsigned(value, bits)
    return value - (1 << bits) if value >> (bits - 1) else value


def join(values: Iterable[int], bits: int) -> int:
    """Place values of `bits` bits side by side, the first one lowest."""
    word = 0
    for index, value in enumerate(values):
        word |= unsigned(value, bits) << (index * bits)
    return word


def split(word: int, bits: int, count: int) -> list[int]:
    """Cut a word into `count` signed values, the lowest first."""
    return [signed(word >> (index * bits), bits) for index in range(count)]


def encode(layout: Any, values: Row) -> int:
    """Encode the fields of a struct layout; those that are not named are 0."""
    word = 0
    for name, value in values.items():
        field = layout[name]
        word |= unsigned(value, field.width) << field.offset
    return word


def decode(layout: Any, word: int) -> dict[str, int]:
    """Decode every field of a struct layout, unsigned."""
    return {
        name: unsigned(word >> layout[name].offset, layout[name].width) for name in layout.members
    }


class Ports:
    """Set inputs from rows, one a cycle, and record outputs in every cycle.

    Inputs that a row does not name keep their value, those of no row are 0.

    Parameters
        bench : takes the actor in
        inputs, outputs : names of ports
    """

    def __init__(self, bench: Bench, inputs: Iterable[str], outputs: Iterable[str]) -> None:
        self._inputs = {name: getattr(bench.dut, name) for name in inputs}
        self._outputs = {name: getattr(bench.dut, name) for name in outputs}
        self._rows: deque[Row] = deque()
        self.trace: dict[str, list[int]] = {name: [] for name in self._outputs}
        for handle in self._inputs.values():
            handle.value = 0
        bench.add(self)

    def send(self, *rows: Row) -> None:
        """Queue rows."""
        self._rows.extend(rows)

    def set(self, **values: int) -> None:
        """Set inputs for the coming cycles."""
        for name, value in values.items():
            self._inputs[name].value = value

    def drive(self) -> None:
        """Set the inputs of this cycle."""
        if self._rows:
            self.set(**self._rows.popleft())

    def sample(self) -> None:
        """Record the outputs of this cycle."""
        for name, handle in self._outputs.items():
            self.trace[name].append(int(handle.value))

    def now(self, name: str) -> int:
        """Return an output of the last cycle."""
        return self.trace[name][-1]


async def respond(
    bench: Bench, rows: Sequence[Row], outputs: Sequence[str], flush: int
) -> dict[str, list[int]]:
    """Apply one row a cycle from a reset on, then `flush` more; return every cycle's outputs."""
    names = sorted({name for row in rows for name in row})
    ports = Ports(bench, names, outputs)
    await bench.start()
    ports.send(*rows)
    await bench.step(len(rows) + flush + MARGIN)
    return ports.trace


def check_latency(
    expected: Sequence[int | None], observed: Sequence[int], latency: int, what: str
) -> None:
    """Check that `observed` is `expected`, `latency` cycles later, and at no other delay.

    Parameters
        expected : value that belongs to the inputs of each cycle; None: any
        observed : output of each cycle, at least `latency` + MARGIN longer
    """
    assert len(observed) >= len(expected) + latency + MARGIN, "the recording is too short"

    def mismatch(delay: int) -> int | None:
        return next(
            (
                cycle
                for cycle, value in enumerate(expected)
                if value is not None and observed[cycle + delay] != value
            ),
            None,
        )

    fits = [delay for delay in range(latency + MARGIN) if mismatch(delay) is None]
    cycle = mismatch(latency)
    if cycle is not None:
        raise AssertionError(
            f"{what}: cycle {cycle} expects {expected[cycle]}, got {observed[cycle + latency]} "
            f"after the stated latency of {latency} cycles; delays that fit: {fits}"
        )
    assert fits == [latency], f"{what}: stated latency {latency}, delays that fit: {fits}"
