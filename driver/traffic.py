"""What an inference moves over the link, and how long that takes at least."""

from collections.abc import Iterable
from typing import NamedTuple

from ..arch.memory import Space, word_bytes
from ..arch.packet import (
    COBS_BLOCK,
    COUNTERS_BYTES,
    CRC_BYTES,
    FIELDS,
    HEADER_BYTES,
    Opcode,
    max_write_bytes,
)
from .compiler.program import Image, Program
from .resident import Resident

#: Bits of a UART's byte: start, eight, stop.
UART_BITS = 10


class Traffic(NamedTuple):
    """Bytes of one inference on the link, with all of their framing.

    Parameters
        sent, received : to and from the device
        payload : of what is sent: weights, records, program words, activations
        weights : of the payload
    """

    sent: int
    received: int
    payload: int
    weights: int

    def seconds(self, baud: int) -> float:
        """Time that a UART of this rate takes at least; it sends both ways at once."""
        return max(self.sent, self.received) * UART_BITS / baud


def traffic(*programs: Program, inferences: int = 2) -> Traffic:
    """Count the bytes of the last of some inferences in a row, each without the next one's input.

    Parameters
        programs : of one model, in the order in which they run
        inferences : 1 counts what is loaded before the first one, too
    """
    geometry = programs[0].geometry
    resident = Resident(geometry)
    sent = received = payload = weights = 0

    def load(images: Iterable[Image]) -> None:
        for image in images:
            for _address, data in resident.missing(image.space, image.address, image.data):
                write(image.space, data)

    def write(space: Space, data: bytes) -> None:
        nonlocal payload, weights
        width = word_bytes(space, geometry)
        step = max_write_bytes(geometry) // width * width
        for at in range(0, len(data), step):
            length = len(data[at : at + step])
            payload += length
            weights += length * (space is Space.WEIGHT)
            ask(Opcode.WRITE, length)

    def ask(opcode: Opcode, data: int = 0, reply: int = 0) -> None:
        nonlocal sent, received
        sent += _frame(HEADER_BYTES + FIELDS[opcode].size + data)
        received += _frame(HEADER_BYTES + reply)

    def infer(program: Program) -> None:
        load(program.images)
        if not program.steps:
            write(Space.ACTIVATION, bytes(program.input_words * geometry.rows))
            ask(Opcode.RUN)
            ask(Opcode.RESULT, reply=COUNTERS_BYTES + program.output_words * geometry.rows)
        for step in program.steps:
            load(step.images)
            if step.inputs is not None:
                write(Space.ACTIVATION, bytes(step.inputs.words * geometry.rows))
            ask(Opcode.RUN)
            if step.outputs is not None:
                ask(Opcode.RESULT, reply=COUNTERS_BYTES + step.outputs.words * geometry.rows)

    for _ in range(inferences):
        sent = received = payload = weights = 0
        for program in programs:
            infer(program)
    return Traffic(sent, received, payload, weights)


def _frame(body: int) -> int:
    """Bytes of a frame: COBS adds one to each block, and a zero ends it."""
    coded = body + CRC_BYTES
    return coded + coded // COBS_BLOCK + 2
