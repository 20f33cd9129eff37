"""What every step of the self-test stands on: raw memories, raw programs, and how a step fails."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...arch.descriptor import Descriptor
from ...arch.geometry import Geometry
from ...arch.memory import Record, Rounding, Space, word_bytes
from ...arch.packet import COUNTERS_BYTES, Counters, Identity, Opcode, max_write_bytes
from ...arch.timing import predict
from ..client import Client, Ticket
from ..errors import DriverError
from ..link import Link

Bytes = npt.NDArray[np.uint8]
Int8Array = npt.NDArray[np.int8]

#: Is told how much of a step is done, and out of how much.
Progress = Callable[[int, int], None]

#: Most bytes of one reply: short enough to come before a repeat is due, at 115,200 baud too.
REPLY_BYTES = 2048

#: Scales by exactly 1: the output is accumulator + bias, clamped to int8.
UNIT_MULTIPLIER, UNIT_LEFT = 1 << 30, 1

LOWER_CLOCK = (
    "build for a lower clock (`otus build BOARD --clock MHZ`; the board's page in docs/boards "
    "names one), flash it (`otus flash BOARD --clock MHZ`) and test again; that it then passes "
    "shows that it was timing"
)


class SelftestError(DriverError):
    """A step that failed.

    Parameters
        what : was found
        cause : that is likely, and what to do
    """

    def __init__(self, what: str, cause: str) -> None:
        super().__init__(f"{what}\n  likely: {cause}")
        self.what = what
        self.cause = cause


def unit_record(bias: int = 0) -> bytes:
    """Return the record whose output is accumulator + bias."""
    return Record(bias, UNIT_MULTIPLIER, Rounding.DOUBLE, UNIT_LEFT, 0).pack()


@lru_cache(maxsize=256)
def _cycles(descriptors: tuple[Descriptor, ...], geometry: Geometry) -> dict[str, int]:
    return predict(descriptors, geometry).counters()


class Bench:
    """A device whose memories are written and programs run one by one.

    A request is not sent before the reply to the last read or run is there: a repeat of a read may
    then come at any time and still show what was meant.

    Parameters
        link : to the device; stays open
        timeout : seconds without any progress after which a wait ends with an error
        retry : seconds after which requests without reply are repeated
    Raises
        LinkError: no otus device answers
        DeviceError: it speaks another version of the contract
    """

    def __init__(self, link: Link, timeout: float, retry: float) -> None:
        self.client = Client(link, timeout, retry)
        self.identity: Identity = self.client.reset()
        self.geometry = self.identity.geometry
        #: The golden model, alone, has no build and counts no cycles.
        self.counts = self.identity.build != 0
        self._runs = 0
        self._written: list[Ticket] = []

    def write(self, space: Space, address: int, data: bytes) -> None:
        """Write whole words in as many requests as it takes."""
        width = word_bytes(space, self.geometry)
        step = max_write_bytes(self.geometry) // width * width
        for at in range(0, len(data), step):
            place = address + at // width
            self._written.append(
                self.client.submit(Opcode.WRITE, space, place, data=data[at : at + step])
            )

    def settle(self) -> None:
        """Wait until everything is written."""
        for ticket in self._written:
            self.client.wait(ticket)
        self._written.clear()

    def read(self, address: int, count: int) -> bytes:
        """Read activation words."""
        step = max(1, REPLY_BYTES // self.geometry.rows)
        tickets = [
            self.client.submit(Opcode.READ, Space.ACTIVATION, at, min(step, address + count - at))
            for at in range(address, address + count, step)
        ]
        self.settle()
        return b"".join(self.client.wait(ticket) for ticket in tickets)

    def run(self, descriptors: Sequence[Descriptor], count: int, entry: int = 0) -> bytes:
        """Write a program, run it, and return `count` words from its first destination on.

        Raises
            SelftestError: the run was not counted once, or took other cycles than it has to
        """
        self.write(Space.PROGRAM, entry, b"".join(d.pack() for d in descriptors))
        self._written.append(self.client.submit(Opcode.RUN, entry))
        ticket = self.client.submit(
            Opcode.RESULT, Space.ACTIVATION, descriptors[0].destination, count
        )
        self.settle()
        payload = self.client.wait(ticket)
        self._runs += 1
        self._check(Counters.unpack(payload[:COUNTERS_BYTES]), tuple(descriptors))
        return payload[COUNTERS_BYTES:]

    def _check(self, found: Counters, descriptors: tuple[Descriptor, ...]) -> None:
        if found.runs != self._runs:
            raise SelftestError(
                f"sequencer: {found.runs} runs are counted after {self._runs}",
                "another program uses the device, or it was reset meanwhile; close that program, "
                "check the board's power, and test again",
            )
        if not self.counts:
            return
        expected = _cycles(descriptors, self.geometry)
        counted = {name: getattr(found, name) for name in expected}
        if counted != expected:
            names = [name for name in expected if counted[name] != expected[name]]
            differences = ", ".join(f"{n} {counted[n]} / {expected[n]}" for n in names)
            raise SelftestError(
                f"sequencer: other cycles than predicted, counted / predicted: {differences}",
                "the bitstream was built from other sources than this driver (compare `otus info` "
                f"with the build's report), or timing fails in the sequencer: {LOWER_CLOCK}",
            )
