"""What goes over the wire: bytes both ways, and what is written where."""

from collections import Counter

from otus.arch.geometry import Geometry
from otus.arch.memory import Space, word_bytes
from otus.arch.packet import FIELDS, HEADER_BYTES, Opcode, unframe
from otus.sim.golden_link import GoldenLink


class Wire(GoldenLink):
    """A golden device whose link counts."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(geometry)
        self.sent = self.received = 0
        #: Bytes written to each memory; those of them that were there already.
        self.written: Counter[Space] = Counter()
        self.again: Counter[Space] = Counter()
        self._words: dict[tuple[Space, int], bytes] = {}

    def write(self, data: bytes) -> None:
        self.sent += len(data)
        for frame in data.split(b"\0"):
            body = unframe(frame) if frame else b"\0\0"
            if body[1] == Opcode.WRITE:
                fields = FIELDS[Opcode.WRITE]
                at = HEADER_BYTES + fields.size
                space, address = fields.unpack(body[HEADER_BYTES:at])
                self._note(Space(space), address, body[at:])
        super().write(data)

    def _note(self, space: Space, address: int, data: bytes) -> None:
        width = word_bytes(space, self.endpoint.machine.geometry)
        self.written[space] += len(data)
        for at in range(0, len(data), width):
            place, word = (space, address + at // width), data[at : at + width]
            if self._words.get(place) == word:
                self.again[space] += width
            self._words[place] = word

    def read(self, limit: int, timeout: float) -> bytes:
        data = super().read(limit, timeout)
        self.received += len(data)
        return data
