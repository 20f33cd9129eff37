"""Drive and drain Amaranth streams in cocotb benches, with idle and back-pressure patterns.

Everything happens at the falling edge of the clock: the actors set the inputs, the logic settles,
and what is then valid and ready is what the next rising edge transfers. The outcome is the same on
every simulator, whatever its order of events within a rising edge.

The four rules of a stream (Amaranth 0.5, "Data streams") and where each is checked:
1. a transfer happens in the cycles in which valid and ready are both 1 - how `Sink` counts;
2. valid, once 1, stays 1 until the transfer - `Sink`;
3. the payload does not change while it waits - `Sink`;
4. valid and payload do not depend on ready - `Sink`, by withdrawing ready within a cycle.
`Source` keeps rules 2 and 3 itself.
"""

import json
import os
import random
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly, Timer

PERIOD_NS = 10

#: Rule 4 costs a time step, so that it is checked in one cycle of this many.
_PROBE_EVERY = 8


def parameters() -> dict[str, Any]:
    """Return what `run_bench` was given, and its seed."""
    found: dict[str, Any] = json.loads(os.environ["OTUS_BENCH"])
    return found


def pattern(rng: random.Random, share: float) -> Iterator[bool]:
    """Yield whether to act in each cycle: in bursts, `share` of the time (1 is always)."""
    if share >= 1:
        while True:
            yield True
    while True:
        act = rng.random() < share
        for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
            yield act


class Actor(Protocol):
    """Something that takes part in each cycle of a bench."""

    def drive(self) -> None:
        """Set inputs of the design."""

    def sample(self) -> None:
        """Look at settled outputs: what the coming rising edge transfers."""


class Source:
    """Offer payloads to a stream of the design.

    Parameters
        dut : the design
        port : path of the stream, such as `rx` or `bus__write`
        share : share of cycles in which a waiting payload is offered
    """

    def __init__(self, dut: Any, port: str, rng: random.Random, share: float = 1.0) -> None:
        self.name = port
        self._payload = getattr(dut, f"{port}__payload")
        self._valid = getattr(dut, f"{port}__valid")
        self._ready = getattr(dut, f"{port}__ready")
        self._rng = random.Random(rng.random())
        self._queue: deque[int] = deque()
        self._offered = False
        self.sent = 0
        self.share(share)
        self._valid.value = 0
        self._payload.value = 0

    def share(self, share: float) -> None:
        """Change the share of cycles in which a payload is offered."""
        self._pattern = pattern(self._rng, share)

    def send(self, *payloads: int) -> None:
        """Queue payloads."""
        self._queue.extend(payloads)

    @property
    def waiting(self) -> int:
        """Payloads that are not transferred yet."""
        return len(self._queue)

    def drive(self) -> None:
        """Offer the next payload, or go on offering the one that waits."""
        act = next(self._pattern)
        if not self._offered and self._queue and act:
            self._offered = True
            self._payload.value = self._queue[0]
            self._valid.value = 1
        elif not self._offered:
            self._valid.value = 0

    def sample(self) -> None:
        """Take note of a transfer."""
        if self._offered and int(self._ready.value):
            self._queue.popleft()
            self._offered = False
            self.sent += 1

    def clear(self) -> None:
        """Forget what waits; for a reset."""
        self._queue.clear()
        self._offered = False
        self._valid.value = 0


class Sink:
    """Take payloads from a stream of the design and check the rules of the stream.

    Parameters
        dut : the design
        port : path of the stream
        share : share of cycles in which the sink is ready
    """

    def __init__(self, dut: Any, port: str, rng: random.Random, share: float = 1.0) -> None:
        self.name = port
        self._payload = getattr(dut, f"{port}__payload")
        self._valid = getattr(dut, f"{port}__valid")
        self._ready = getattr(dut, f"{port}__ready")
        self._rng = random.Random(rng.random())
        self._held: int | None = None
        self._seen: tuple[int, int] | None = None
        self._act = False
        self.received: list[int] = []
        self.share(share)
        self._ready.value = 0

    def share(self, share: float) -> None:
        """Change the share of cycles in which the sink is ready."""
        self._pattern = pattern(self._rng, share)

    def drive(self) -> None:
        """Be ready, or not."""
        self._act = next(self._pattern)
        self._ready.value = int(self._act)

    def _look(self) -> tuple[int, int]:
        valid = int(self._valid.value)
        return valid, int(self._payload.value) if valid else 0

    def sample(self) -> None:
        """Take a payload if there is one, and check that a waiting one has not changed."""
        valid, payload = self._seen = self._look()
        if self._held is not None:
            assert valid, f"{self.name}: valid fell before the transfer"
            assert payload == self._held, (
                f"{self.name}: payload changed from {self._held:#x} to {payload:#x} while waiting"
            )
        self._held = None
        if valid and self._act:
            self.received.append(payload)
        elif valid:
            self._held = payload

    def withdraw(self, flip: bool) -> None:
        """Invert ready within the cycle, or restore it."""
        self._ready.value = int(self._act != flip)

    def check_unchanged(self) -> None:
        """Check that valid and payload are what they were before ready was inverted."""
        now = self._look()
        assert now == self._seen, (
            f"{self.name}: valid and payload went from {self._seen} to {now} as ready changed"
        )

    def clear(self) -> None:
        """Forget what was seen; for a reset."""
        self._held = None
        self.received.clear()


class Bench:
    """The clock, the reset and the actors of one test.

    Parameters
        dut : the design, with ports `clk` and `rst`
    """

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.seed = int(parameters()["seed"])
        self.rng = random.Random(self.seed)
        self.cycle = 0
        self._actors: list[Actor] = []
        self._sinks: list[Sink] = []

    def source(self, port: str, share: float = 1.0) -> Source:
        """Add a source for an input stream."""
        source = Source(self.dut, port, self.rng, share)
        self._actors.append(source)
        return source

    def sink(self, port: str, share: float = 1.0) -> Sink:
        """Add a sink for an output stream."""
        sink = Sink(self.dut, port, self.rng, share)
        self._actors.append(sink)
        self._sinks.append(sink)
        return sink

    def add(self, actor: Actor) -> None:
        """Add any other actor, such as a monitor."""
        self._actors.append(actor)

    async def start(self) -> None:
        """Start the clock and hold the reset for two cycles."""
        Clock(self.dut.clk, PERIOD_NS, unit="ns").start(start_high=False)
        await self.reset()

    async def reset(self, cycles: int = 2) -> None:
        """Reset the design; the actors keep still and forget what waited."""
        self.dut.rst.value = 1
        for actor in self._actors:
            if isinstance(actor, Source | Sink):
                actor.clear()
        for sink in self._sinks:
            sink.withdraw(flip=False)
        for _ in range(cycles):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0

    async def step(self, cycles: int = 1) -> None:
        """Run some cycles."""
        for _ in range(cycles):
            for actor in self._actors:
                actor.drive()
            await ReadOnly()
            for actor in self._actors:
                actor.sample()
            if self._sinks and self.cycle % _PROBE_EVERY == 0:
                await self._probe()
            await FallingEdge(self.dut.clk)
            self.cycle += 1

    async def _probe(self) -> None:
        """Check rule 4: invert every ready, look, restore, all before the rising edge."""
        for flip in (True, False):
            await Timer(PERIOD_NS / 8, "ns")
            for sink in self._sinks:
                sink.withdraw(flip)
            await ReadOnly()
            for sink in self._sinks:
                sink.check_unchanged()

    async def until(self, condition: Callable[[], bool], limit: int) -> int:
        """Run until `condition` holds; return the cycles it took.

        Raises
            AssertionError: it does not hold after `limit` cycles
        """
        begin = self.cycle
        while not condition():
            assert self.cycle - begin < limit, f"not reached within {limit} cycles"
            await self.step()
        return self.cycle - begin
