"""Random requests, good and bad, for benches of the link; replies come from the golden endpoint."""

import random
from collections.abc import Callable

from ...arch import memory, packet
from ...arch.geometry import Geometry
from ...arch.memory import Space
from ...arch.packet import COUNTERS_BYTES, FIELDS, HEADER_BYTES, Opcode, Status
from ..golden_link import GoldenEndpoint
from .streams import Bench, Sink, Source

#: Cycles for one exchange: the longest reply under the slowest pattern.
LIMIT = 100_000


def frames(data: bytes) -> list[bytes]:
    """Split what was sent into frames; empty ones do not count."""
    return [each for each in bytes(data).split(b"\0") if each]


def bodies(data: bytes) -> list[bytes]:
    """Decode frames; the cycle counters are left out, which the golden endpoint does not keep."""
    found = []
    for each in frames(data):
        body = packet.unframe(each)
        # A RESULT is told by its length: counters, then whole words.
        runs_end, end = HEADER_BYTES + 4, HEADER_BYTES + COUNTERS_BYTES
        found.append(body[:runs_end] + body[end:] if len(body) >= end else body)
    return found


class Host:
    """The host's side of a bench: sends bytes to device and golden endpoint, compares replies."""

    def __init__(self, bench: Bench, golden: GoldenEndpoint, rx: Source, tx: Sink) -> None:
        self.bench = bench
        self.golden = golden
        self.rx = rx
        self.tx = tx
        self.sequence = 0

    async def exchange(self, data: bytes) -> list[bytes]:
        """Send bytes that fit the receive buffer together; return the bodies of the replies."""
        expected = bodies(self.golden.feed(data))
        self.tx.received.clear()
        self.rx.send(*data)

        def done() -> bool:
            # Waiting for one frame too many would take as long as the limit.
            zeros = self.tx.received.count(0)
            return not self.rx.waiting and zeros >= len(expected)

        await self.bench.until(done, LIMIT)
        await self.bench.step(40)
        found = bodies(bytes(self.tx.received))
        assert found == expected, f"sent {data.hex()}\ngot      {found}\nexpected {expected}"
        return found

    async def clear(self) -> None:
        """Write zeros into the activations, which keep what an earlier test has left."""
        geometry = self.golden.identity.geometry
        await self.write(Space.ACTIVATION, 0, bytes(geometry.activation_words * geometry.rows))

    async def reset(self) -> None:
        """Synchronise by a RESET."""
        self.sequence = self.bench.rng.randrange(256)
        await self.exchange(b"\0" + packet.frame(packet.request(self.sequence, Opcode.RESET)))
        self.sequence += 1

    async def request(self, opcode: Opcode, *values: int, data: bytes = b"") -> bytes:
        """Send one request, which has to succeed; return its payload."""
        body = packet.request(self.sequence, opcode, *values, data=data)
        (reply,) = await self.exchange(packet.frame(body))
        assert reply[1] == Status.OK, f"{opcode.name} {values}: {Status(reply[1]).name}"
        self.sequence += 1
        return reply[HEADER_BYTES:]

    async def write(self, space: Space, address: int, data: bytes) -> None:
        """Write an image, in as many requests as it takes."""
        geometry = self.golden.identity.geometry
        width = memory.word_bytes(space, geometry)
        step = packet.max_write_bytes(geometry) // width * width
        for at in range(0, len(data), step):
            await self.request(
                Opcode.WRITE, space, address + at // width, data=data[at : at + step]
            )


def random_body(rng: random.Random, geometry: Geometry, sequence: int) -> bytes:
    """Make a request, valid or with a fault in any field, its length or its number."""
    opcode = rng.choice([*Opcode, Opcode.WRITE, Opcode.WRITE, Opcode.READ, 6, 255])
    number = sequence + rng.choice([0, 0, 0, 0, 0, 0, -1, -2, -128, 1, 2, 127])
    head = bytes((number % 256, opcode))
    if opcode not in FIELDS:
        return head + rng.randbytes(rng.randrange(8))
    if opcode == Opcode.RESET:
        # A whole RESET empties the receive buffer and is sent on its own: this one is too long.
        return head + rng.randbytes(rng.randrange(1, 4))
    space = rng.choice([*Space, Space.ACTIVATION, 4, 255])
    if opcode in (Opcode.READ, Opcode.RESULT):
        space = rng.choice([0, 0, 0, 0, 1, 4, 255])
    known = Space(space % len(Space))
    deep = memory.depth(known, geometry)
    address = rng.choice([0, rng.randrange(deep), deep - 1, deep, rng.randrange(1 << 16)])
    address = min(address, 0xFFFF)
    count = rng.choice([0, 1, 2, rng.randrange(8), rng.randrange(1 << 16)])
    values: dict[int, tuple[int, ...]] = {
        Opcode.IDENTIFY: (),
        Opcode.WRITE: (space, address),
        Opcode.READ: (space, address, count),
        Opcode.RESULT: (space, address, count),
        Opcode.RUN: (rng.choice([0, geometry.program_words - 1, geometry.program_words]),),
    }
    body = head + FIELDS[Opcode(opcode)].pack(*values[opcode])
    if opcode == Opcode.WRITE:
        words = rng.randrange(4) * memory.word_bytes(known, geometry)
        cut = rng.choice([0, 0, 0, 0, rng.randrange(1, 9)])
        data = bytes(rng.choice([0, rng.randrange(256)]) for _ in range(max(0, words - cut)))
        body += data[: packet.max_write_bytes(geometry)]
    fault = rng.random()
    if fault < 0.05:
        body = body[: rng.randrange(HEADER_BYTES, len(body) + 1)]
    elif fault < 0.1:
        body += rng.randbytes(rng.randrange(1, 4))
    return body


def spoilt(rng: random.Random, data: bytes) -> bytes:
    """Damage a frame, or put noise before it."""
    out = bytearray(data)
    kind = rng.randrange(4)
    if kind == 0:
        out[rng.randrange(len(out) - 1)] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del out[rng.randrange(len(out) - 1)]
    elif kind == 2:
        out[:0] = rng.randbytes(rng.randrange(1, 30)) + b"\0"
    else:
        out[:0] = bytes(rng.randrange(1, 4))
    return bytes(out)


async def random_requests(
    host: Host, batches: int, allowed: Callable[[bytes], bool] = lambda _: True
) -> None:
    """Exchange batches of random requests that fit the receive buffer together."""
    rng, geometry = host.bench.rng, host.golden.identity.geometry
    for _ in range(batches):
        batch, used = b"", 0
        for _ in range(rng.randrange(1, 8)):
            body = random_body(rng, geometry, host.sequence)
            if not allowed(body):
                continue
            used += packet.buffered_bytes(body)
            if used >= geometry.link_bytes:
                break
            frame = packet.frame(body)
            damaged = spoilt(rng, frame) if rng.random() < 0.2 else frame
            # The golden endpoint follows along, so that the next number is near the expected one.
            batch += damaged
            host.sequence += body[0] == host.sequence % 256 and damaged == frame
        await host.exchange(batch)
        if rng.random() < 0.2:
            await host.reset()
