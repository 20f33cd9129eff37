"""The golden device: the packet endpoint in Python, on the golden model's memories.

It follows arch.packet as the gateware does and gives the same bytes, but for the identity's `build`
and `clock_hz` and the counters: of these it keeps only `runs`. Requests take no time, so that
nothing ever waits for the sequencer.
"""

import time

from ..arch.errors import ContractError
from ..arch.geometry import Geometry
from ..arch.memory import READABLE, Space, depth, word_bytes
from ..arch.packet import (
    CONTRACT_VERSION,
    FIELDS,
    HEADER_BYTES,
    SEQUENCE_MODULO,
    Counters,
    Identity,
    Opcode,
    Status,
    buffered_bytes,
    frame,
    unframe,
)
from ..driver.errors import LinkError
from .golden import Machine

_NO_CYCLES = (0,) * (len(Counters._fields) - 1)

DEFAULT_GEOMETRY = Geometry.parse("default")


class GoldenEndpoint:
    """Execute request bodies on a machine.

    Parameters
        geometry : of the accelerator
        build, clock_hz : fields of the identity
    """

    def __init__(self, geometry: Geometry, build: int = 0, clock_hz: int = 0) -> None:
        self.machine = Machine(geometry)
        self.identity = Identity(CONTRACT_VERSION, build, clock_hz, geometry)
        self._expected = 0
        self._synchronised = False
        self._runs = 0
        self._received = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the link and return the replies' bytes."""
        self._received += data
        *frames, rest = self._received.split(b"\0")
        self._received = rest
        replies = bytearray()
        for each in frames:
            try:
                body = unframe(bytes(each))
            except ContractError:
                continue
            if body[1:] == bytes((Opcode.RESET,)):
                self._expected = (body[0] + 1) % SEQUENCE_MODULO
                self._synchronised = True
                self._runs = 0
                replies += frame(bytes((body[0], Status.OK)) + self.identity.pack())
            elif buffered_bytes(body) < self.identity.geometry.link_bytes:
                replies += frame(self.execute(body))
        return bytes(replies)

    def execute(self, body: bytes) -> bytes:
        """Execute a request; return the body of its reply."""
        sequence, opcode = body[:HEADER_BYTES]
        distance = (sequence - self._expected) % SEQUENCE_MODULO
        free = opcode in (Opcode.RESET, Opcode.IDENTIFY)
        if not self._synchronised and not free:
            return bytes((sequence, Status.RESTARTED))
        if 0 < distance < SEQUENCE_MODULO // 2 and not free:
            return bytes((sequence, Status.SEQUENCE, self._expected))
        if self._synchronised and distance == 0:
            self._expected = (self._expected + 1) % SEQUENCE_MODULO
        status, payload = self._answer(opcode, body[HEADER_BYTES:], repeat=distance != 0)
        return bytes((sequence, status)) + payload

    def _answer(self, opcode: int, body: bytes, repeat: bool) -> tuple[Status, bytes]:
        if opcode not in FIELDS:
            return Status.OPCODE, b""
        fields = FIELDS[Opcode(opcode)]
        data = body[fields.size :]
        # A RESET without data never comes here.
        if len(body) < fields.size or (data and opcode != Opcode.WRITE) or opcode == Opcode.RESET:
            return Status.LENGTH, b""
        values = fields.unpack(body[: fields.size])
        match opcode:
            case Opcode.IDENTIFY:
                return Status.OK, self.identity.pack()
            case Opcode.WRITE:
                space, address = values
                return self._write(space, address, data, repeat), b""
            case Opcode.RUN:
                return self._run(values[0], repeat), b""
        counters = Counters(self._runs, *_NO_CYCLES).pack() if opcode == Opcode.RESULT else b""
        space, address, count = values
        if space not in READABLE:
            return Status.SPACE, b""
        if count and address + count > depth(Space(space), self.machine.geometry):
            return Status.ADDRESS, b""
        words = self.machine.read(Space(space), address, count) if count else b""
        return Status.OK, counters + words

    def _write(self, space: int, address: int, data: bytes, repeat: bool) -> Status:
        geometry = self.machine.geometry
        if space > max(Space):
            return Status.SPACE
        width = word_bytes(Space(space), geometry)
        room = max(0, depth(Space(space), geometry) - address)
        # What stands before a fault is written, as the gateware does it.
        words = min(len(data) // width, room)
        if words and not repeat:
            self.machine.write(Space(space), address, data[: words * width])
        if len(data) > room * width:
            return Status.ADDRESS
        return Status.LENGTH if len(data) % width else Status.OK

    def _run(self, entry: int, repeat: bool) -> Status:
        if entry >= self.machine.geometry.program_words:
            return Status.ADDRESS
        if not repeat:
            self.machine.run(entry)
            self._runs += 1
        return Status.OK


class GoldenLink:
    """A link to a golden endpoint.

    Parameters
        geometry : of the accelerator
    """

    def __init__(self, geometry: Geometry = DEFAULT_GEOMETRY) -> None:
        self.endpoint = GoldenEndpoint(geometry)
        self._replies = bytearray()

    def write(self, data: bytes) -> None:
        """Send bytes; whole requests are executed at once."""
        try:
            self._replies += self.endpoint.feed(data)
        except ContractError as error:
            raise LinkError(f"golden device: {error}; run what the compiler made") from error

    def read(self, limit: int, timeout: float) -> bytes:
        """Receive bytes of replies; where there are none, wait as a port would."""
        if not self._replies:
            time.sleep(max(0.0, timeout))
        data = bytes(self._replies[:limit])
        del self._replies[:limit]
        return data

    def close(self) -> None:
        """Close the link: there is nothing to close."""


def open_device(_name: str, geometry: Geometry | None = None) -> GoldenLink:
    """Open the golden device."""
    return GoldenLink(geometry or DEFAULT_GEOMETRY)
