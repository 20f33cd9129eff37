"""Requests and replies over a link that may lose or damage bytes (go-back-N, see arch.packet)."""

import secrets
import time
from collections import deque
from dataclasses import dataclass, field

from ..arch.errors import ContractError
from ..arch.packet import (
    HEADER_BYTES,
    MAGIC,
    MAX_REQUESTS,
    SEQUENCE_MODULO,
    Identity,
    Opcode,
    Status,
    buffered_bytes,
    frame,
    request,
    unframe,
)
from .errors import DeviceError, LinkError
from .link import Link

#: Bytes without a frame's end after which they are taken for noise; above the longest reply.
_NOISE_BYTES = 1 << 22

#: Refusals of the oldest request after which the device is taken to follow somebody else.
_REFUSALS = 4

#: Repeats before `timeout`, at least.
_CHANCES = 10

_READ_BYTES = 1 << 16

#: Seconds without a byte after which an earlier session's replies are taken to have ended.
_SILENCE = 0.02

_REASONS = {
    Status.OPCODE: "it does not know this request",
    Status.LENGTH: "the request's length is wrong",
    Status.SPACE: "there is no such memory space, or it cannot be read",
    Status.ADDRESS: "the address is past the end of the memory",
    Status.RESTARTED: (
        "it was configured again or lost its power, and its memories with it; open the device and "
        "load the program again"
    ),
}


@dataclass
class Statistics:
    """What happened on the link since it was opened."""

    requests: int = 0
    #: Requests sent again.
    retries: int = 0
    #: Frames that arrived damaged.
    damaged: int = 0
    #: Whole replies that no request waited for.
    stale: int = 0


@dataclass(eq=False)
class Ticket:
    """A request under way, and its reply once it is there."""

    opcode: Opcode
    body: bytes
    status: Status | None = None
    payload: bytes = b""
    sent: bytes = field(default=b"", repr=False)

    @property
    def sequence(self) -> int:
        """Number of the request."""
        return self.body[0]


class Client:
    """Send requests, several under way at once, and match replies to them.

    Each request is executed once and in order, or an error is raised. A reply counts only if it is
    whole and belongs to the oldest request without one.

    Parameters
        link : to the device
        timeout : seconds without any progress after which an error is raised
        retry : seconds without a reply after which requests are sent again; doubles each time, up
            to a tenth of `timeout`
    """

    def __init__(self, link: Link, timeout: float = 10.0, retry: float = 0.5) -> None:
        self.link = link
        self.timeout = timeout
        self.retry = retry
        self.statistics = Statistics()
        self._window = 0
        self._sequence = 0
        self._waiting: deque[Ticket] = deque()
        self._received = bytearray()
        self._gone_back = False
        self._refusals = 0
        self._interval = retry
        self._retry_at = self._give_up_at = 0.0

    def reset(self) -> Identity:
        """Stop the device, forget everything under way, and ask who it is.

        Raises
            LinkError: no answer
            DeviceError: it speaks another version of the contract
        """
        self._waiting.clear()
        self._drop_input()
        self._sequence = secrets.randbelow(SEQUENCE_MODULO)
        # One request at a time until the device has said how much it holds.
        self._window = SEQUENCE_MODULO
        ticket = self.submit(Opcode.RESET)
        try:
            payload = self.wait(ticket)
        except LinkError as error:
            raise LinkError(
                f"no otus device answers ({error}); check that the board is configured with an "
                "otus bitstream and that the baud rate is the one it was built for"
            ) from error
        try:
            identity = Identity.unpack(payload)
        except ContractError as error:
            raise DeviceError(str(error)) from error
        self._window = identity.geometry.link_bytes
        return identity

    def submit(self, opcode: Opcode, *values: int, data: bytes = b"") -> Ticket:
        """Send a request as soon as the device has room for it.

        Raises
            LinkError: no progress within `timeout` seconds
            DeviceError: the device has lost what was loaded
        """
        body = request(self._sequence, opcode, *values, data=data)
        ticket = Ticket(opcode, body)
        # A zero before a RESET: whatever came before it ends there.
        ticket.sent = (b"\0" if opcode is Opcode.RESET else b"") + frame(body)
        needed = buffered_bytes(body)
        if needed >= self._window:
            raise LinkError(f"{opcode.name}: {needed} bytes, the device holds {self._window - 1}")
        while not self._room(needed):
            self._step()
        if not self._waiting:
            self._progress()
        self._sequence = (self._sequence + 1) % SEQUENCE_MODULO
        self._waiting.append(ticket)
        self.statistics.requests += 1
        self.link.write(ticket.sent)
        return ticket

    def wait(self, ticket: Ticket) -> bytes:
        """Wait for the reply and return its payload.

        Raises
            LinkError: no progress within `timeout` seconds
            DeviceError: the device refused it, or has lost what was loaded
        """
        while ticket.status is None:
            if ticket not in self._waiting:
                raise LinkError(f"{ticket.opcode.name}: given up after an earlier error")
            self._step()
        if ticket.status is not Status.OK:
            raise DeviceError(
                f"the device refused {ticket.opcode.name} with {ticket.status.name}: "
                f"{_REASONS[ticket.status]}"
            )
        return ticket.payload

    def request(self, opcode: Opcode, *values: int, data: bytes = b"") -> bytes:
        """Send a request and wait for its reply's payload."""
        return self.wait(self.submit(opcode, *values, data=data))

    def poll(self) -> None:
        """Take in what has arrived, without waiting."""
        if self._waiting:
            self._take(self.link.read(_READ_BYTES, 0.0))

    def _room(self, needed: int) -> bool:
        used = sum(buffered_bytes(ticket.body) for ticket in self._waiting)
        return used + needed < self._window and len(self._waiting) < MAX_REQUESTS

    def _step(self) -> None:
        """Wait for bytes until the next retry is due; retry or give up when it is."""
        now = time.monotonic()
        pause = max(0.0, min(self._retry_at, self._give_up_at) - now)
        self._take(self.link.read(_READ_BYTES, pause))
        now = time.monotonic()
        if not self._waiting:
            return
        if now >= self._give_up_at:
            oldest = self._waiting[0].opcode.name
            self._waiting.clear()
            raise LinkError(
                f"no reply to {oldest} within {self.timeout:g} s "
                f"({self.statistics.retries} repeats, {self.statistics.damaged} damaged frames)"
            )
        if now >= self._retry_at:
            # A busy device gets more time, a bad link at least this many chances.
            self._interval = min(2 * self._interval, max(self.retry, self.timeout / _CHANCES))
            self._retry_at = now + self._interval
            self._gone_back = False
            self._go_back()

    def _progress(self) -> None:
        """Start the clocks anew: the device has answered, or the first request goes out."""
        now = time.monotonic()
        self._interval = self.retry
        self._retry_at = now + self._interval
        self._give_up_at = now + self.timeout
        self._gone_back = False
        self._refusals = 0

    def _go_back(self) -> None:
        """Send everything without a reply again, once until there is progress or a time-out."""
        if self._gone_back:
            return
        self._gone_back = True
        self.statistics.retries += len(self._waiting)
        self.link.write(b"".join(ticket.sent for ticket in self._waiting))

    def _take(self, data: bytes) -> None:
        self._received += data
        *frames, rest = self._received.split(b"\0")
        self._received = rest
        if len(rest) > _NOISE_BYTES:
            self.statistics.damaged += 1
            self._received = bytearray()
        for each in frames:
            # Two zeros in a row close nothing.
            if each:
                self._reply(bytes(each))

    def _reply(self, data: bytes) -> None:
        try:
            body = unframe(data)
            status = Status(body[1])
        except ValueError:  # ContractError is one, too
            self.statistics.damaged += 1
            return
        resetting = bool(self._waiting) and self._waiting[0].opcode is Opcode.RESET
        identity = status is Status.OK and body[HEADER_BYTES:].startswith(MAGIC)
        if resetting and not identity:
            # Replies of an earlier session may carry the same number; only an identity is ours.
            self.statistics.stale += 1
            return
        place = (body[0] - self._waiting[0].sequence) % SEQUENCE_MODULO if self._waiting else 0
        if place >= len(self._waiting):
            self.statistics.stale += 1
            return
        if status is Status.RESTARTED:
            self._waiting.clear()
            raise DeviceError(f"the device has restarted: {_REASONS[status]}")
        if place or status is Status.SEQUENCE:
            # A request or a reply before this one was lost.
            if not place:
                self._refuse()
            self._go_back()
            return
        ticket = self._waiting.popleft()
        ticket.status, ticket.payload = status, body[HEADER_BYTES:]
        self._progress()

    def _refuse(self) -> None:
        """Count refusals of the oldest request: all before it were answered, so none is due."""
        self._refusals += 1
        if self._refusals >= _REFUSALS:
            self._waiting.clear()
            raise DeviceError(
                "the device expects another sequence number: another program has used it; close "
                "that program, open the device and load the program again"
            )

    def _drop_input(self) -> None:
        """Drop what an earlier session has left in the link, for a second at most."""
        self._received.clear()
        end = time.monotonic() + 1.0
        while self.link.read(_READ_BYTES, _SILENCE) and time.monotonic() < end:
            pass
