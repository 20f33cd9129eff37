"""A device: what it is, what is loaded, and inferences on it."""

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ..arch.geometry import Geometry
from ..arch.memory import Space, word_bytes
from ..arch.packet import COUNTERS_BYTES, Counters, Identity, Opcode, max_write_bytes
from .client import Client, Statistics, Ticket
from .compiler.program import Program, Step
from .errors import DeviceError, DriverError, LinkError
from .link import Link
from .resident import Resident

#: Times that a lost RESULT may send inferences back without any new result.
_RESTARTS = 8


class Inferences(NamedTuple):
    """Results of a run."""

    #: int8 [n, ...], what the accelerator computes: before softmax or logistic.
    logits: npt.NDArray[np.int8]
    #: Of each inference; only `runs` where the device counts no cycles.
    counters: tuple[Counters, ...]


class _Flight(NamedTuple):
    """An inference under way: its result carries this count of runs, or is not its result."""

    frame: int
    runs: int
    ticket: Ticket


class Device:
    """One accelerator behind a link.

    Parameters
        link : to the device, opened by `driver.link.open_link`; closed with the device
        geometry : that it must have; None takes any
        timeout : seconds without any progress after which a wait ends with an error
        retry : seconds after which requests without reply are repeated
    Raises
        LinkError: no otus device answers
        DeviceError: another contract version, or another geometry (both are named)
    """

    def __init__(
        self,
        link: Link,
        geometry: Geometry | None = None,
        timeout: float = 10.0,
        retry: float = 0.5,
    ) -> None:
        self._client = Client(link, timeout, retry)
        try:
            self.identity: Identity = self._reset()
            if geometry is not None:
                check_geometry(self.geometry, geometry, "asked for")
        except DriverError:
            link.close()
            raise

    def __enter__(self) -> Self:
        """Use as a context that closes the link."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the link."""
        self.close()

    @property
    def geometry(self) -> Geometry:
        """Geometry of the accelerator."""
        return self.identity.geometry

    @property
    def statistics(self) -> Statistics:
        """What happened on the link since it was opened."""
        return self._client.statistics

    def close(self) -> None:
        """Close the link."""
        self._client.link.close()

    def identify(self) -> Identity:
        """Ask the device again what it is.

        Raises
            LinkError: no answer
            DeviceError: it is not the device that was opened: nothing that was loaded counts
        """
        found = Identity.unpack(self._client.request(Opcode.IDENTIFY))
        if found != self.identity:
            self._failed = True
            raise DeviceError(
                f"the device has changed: it was {self.identity}, now it is {found}; open it again"
            )
        return found

    def reset(self) -> None:
        """Stop the device and start from nothing; the way out of any error but a broken link.

        Raises
            LinkError: no otus device answers
            DeviceError: another device answers
        """
        found = self._reset()
        if found != self.identity:
            # Nothing may run before the right device has answered.
            self._failed = True
            raise DeviceError(
                f"the device has changed: it was {self.identity}, now it is {found}; open it again"
            )

    def load(self, *programs: Program) -> int:
        """Write programs into the memories; what is there already is not sent again.

        After an error everything starts anew: the device is reset, and all is sent again.

        Parameters
            programs : placed side by side (`compiler.place`), so that they can stay together
        Returns
            bytes that were sent
        Raises
            DeviceError: compiled for another geometry (both are named), or refused
            LinkError: no answer
        """
        for program in programs:
            check_geometry(self.geometry, program.geometry, "the program is compiled for")
        if self._failed:
            self.reset()
        sent, tickets = 0, []
        try:
            for program in programs:
                for image in program.images:
                    for address, data in self._resident.missing(
                        image.space, image.address, image.data
                    ):
                        tickets += self._write(image.space, address, data)
                        sent += len(data)
            for ticket in tickets:
                self._client.wait(ticket)
        except BaseException:
            self._failed = True
            raise
        return sent

    def run(
        self,
        program: Program,
        inputs: npt.NDArray[np.int8],
        progress: Callable[[int], None] | None = None,
    ) -> Inferences:
        """Run a program on many inputs; the next input is written while one is computed.

        Parameters
            program : loaded first if it is not
            inputs : int8 [n, ...], the model's input without its batch axis
            progress : called with the number of results there are
        Raises
            DeviceError: the device lost the program or its count of runs, or refused a request
            LinkError: no progress within the time-out
            ValueError: another type or shape of input
        """
        words = program.pack_input(inputs)
        self.load(program)
        if program.steps:
            try:
                return self._stream(program, words, progress)
            except BaseException:
                self._failed = True
                raise
        n = len(words)
        outputs = np.zeros((n, program.output_words, self.geometry.rows), np.int8)
        counters: list[Counters] = []
        restarts = 0
        try:
            while len(counters) < n:
                done = len(counters)
                if not self._burst(program, words, outputs, counters, progress):
                    restarts = 0 if len(counters) > done else restarts + 1
                    if restarts > _RESTARTS:
                        raise LinkError(
                            f"results of inference {done} were lost {restarts} times in a row; "
                            "check the cable"
                        )
        except BaseException:
            self._failed = True
            raise
        return Inferences(program.unpack_output(outputs), tuple(counters))

    def _stream(
        self,
        program: Program,
        words: npt.NDArray[np.int8],
        progress: Callable[[int], None] | None,
    ) -> Inferences:
        """Run a streamed model; what a step needs is written while the one before it computes.

        The device executes requests in order, and starts a step when the one before it has ended:
        so the writes of a step come after all that the last but one has read.
        """
        outputs, counters = [], []
        for frame in words:
            tensors = {0: frame}
            parts: list[Counters] = []
            tickets: list[Ticket] = []
            for number, step in enumerate(program.steps):
                if number == 0:
                    tickets += self._load_step(step)
                if step.inputs is not None:
                    data = tensors[step.inputs.tensor][step.inputs.slice]
                    tickets += self._write(Space.ACTIVATION, step.inputs.address, data.tobytes())
                tickets.append(self._client.submit(Opcode.RUN, step.entry))
                self._runs += 1
                moved = step.outputs
                if moved is not None:
                    result = self._client.submit(
                        Opcode.RESULT, Space.ACTIVATION, moved.address, moved.words
                    )
                if number + 1 < len(program.steps):
                    tickets += self._load_step(program.steps[number + 1])
                self._client.poll()
                if moved is None:
                    continue
                payload = self._client.wait(result)
                found = Counters.unpack(payload[:COUNTERS_BYTES])
                if found.runs != self._runs:
                    raise DeviceError(
                        f"the device has completed {found.runs} programs of {self._runs}: it was "
                        "reset, or another program uses it; run the model again"
                    )
                parts.append(found)
                if moved.tensor not in tensors:
                    tensors[moved.tensor] = program.empty_result(moved.tensor - 1)
                tensors[moved.tensor][moved.slice] = np.frombuffer(
                    payload[COUNTERS_BYTES:], np.int8
                ).reshape(-1, self.geometry.rows)
            for ticket in tickets:
                self._client.wait(ticket)
            outputs.append(tensors[len(program.layers)])
            sums = {name: sum(getattr(p, name) for p in parts) for name in Counters._fields}
            counters.append(Counters(**{**sums, "runs": parts[-1].runs}))
            if progress is not None:
                progress(len(counters))
        return Inferences(program.unpack_output(np.stack(outputs)), tuple(counters))

    def _load_step(self, step: Step) -> list[Ticket]:
        """Write what a step needs and the device does not hold."""
        return [
            ticket
            for image in step.images
            for address, data in self._resident.missing(image.space, image.address, image.data)
            for ticket in self._write(image.space, address, data)
        ]

    def _burst(
        self,
        program: Program,
        words: npt.NDArray[np.int8],
        outputs: npt.NDArray[np.int8],
        counters: list[Counters],
        progress: Callable[[int], None] | None,
    ) -> bool:
        """Run from the first inference without a result; False where a result was lost."""
        client, entries = self._client, program.entries
        first, n = len(counters), len(words)
        flights: deque[_Flight] = deque()
        others: deque[Ticket] = deque()

        def collect(wait: bool) -> bool:
            """Take the results that are there, all of them with `wait`."""
            while others and others[0].status is not None:
                client.wait(others.popleft())
            while flights and (wait or flights[0].ticket.status is not None):
                frame, runs, ticket = flights.popleft()
                payload = client.wait(ticket)
                found = Counters.unpack(payload[:COUNTERS_BYTES])
                if not runs <= found.runs <= self._runs:
                    raise DeviceError(
                        f"the device has completed {found.runs} runs, expected {runs}: it was "
                        "reset, or another program uses it; run the model again"
                    )
                if found.runs > runs:
                    return False
                outputs[frame] = np.frombuffer(payload[COUNTERS_BYTES:], np.int8).reshape(
                    outputs.shape[1:]
                )
                counters.append(found)
                if progress is not None:
                    progress(len(counters))
            return True

        def write(frame: int) -> None:
            address = entries[frame % len(entries)].input
            others.extend(self._write(Space.ACTIVATION, address, words[frame].tobytes()))

        whole = True
        write(first)
        for frame in range(first, n):
            entry = entries[frame % len(entries)]
            others.append(client.submit(Opcode.RUN, entry.address))
            self._runs += 1
            if len(entries) > 1 and frame + 1 < n:
                write(frame + 1)
            ticket = client.submit(
                Opcode.RESULT, Space.ACTIVATION, entry.output, program.output_words
            )
            flights.append(_Flight(frame, self._runs, ticket))
            client.poll()
            whole = collect(wait=False)
            if not whole:
                break
            if len(entries) == 1 and frame + 1 < n:
                write(frame + 1)
        whole = whole and collect(wait=True)
        for ticket in (*others, *(flight.ticket for flight in flights)):
            client.wait(ticket)
        return whole

    def _reset(self) -> Identity:
        """Start anew, and take nothing on the device for granted."""
        #: An error or an interruption has left the device in an unknown state.
        self._failed = True
        self._runs = 0
        identity = self._client.reset()
        #: What is loaded.
        self._resident = Resident(identity.geometry)
        self._failed = False
        return identity

    def _write(self, space: Space, address: int, data: bytes) -> list[Ticket]:
        """Send whole words in as many requests as it takes."""
        width = word_bytes(space, self.geometry)
        step = max_write_bytes(self.geometry) // width * width
        return [
            self._client.submit(
                Opcode.WRITE, space, address + at // width, data=data[at : at + step]
            )
            for at in range(0, len(data), step)
        ]


def check_geometry(found: Geometry, other: Geometry, what: str) -> None:
    """Refuse a device of another geometry.

    Parameters
        found : the device's
        other : the one that is needed
        what : the other one is
    Raises
        DeviceError: they differ; both are named, and where
    """
    if found != other:
        names = [n for n in vars(found) if getattr(found, n) != getattr(other, n)]
        differences = ", ".join(f"{n} {getattr(found, n)} / {getattr(other, n)}" for n in names)
        raise DeviceError(
            f"geometry: the device is {found.name}, {what} {other.name}; device / other: "
            f"{differences}; compile for the device's geometry or use another device"
        )
