"""The link: frames, requests, replies and error codes over any byte stream.

A frame is COBS(body + CRC-32 of body, little-endian) followed by one zero byte. A frame whose COBS,
length or CRC is wrong is dropped without a reply: the sender's time-out repeats it.

A request body is: sequence u8, opcode u8, fields, data. A reply body is: sequence u8, status u8,
payload; status 0 (`Status.OK`) or an error. All integers are little-endian.

Empty frames (two zero bytes in a row) are ignored.

Sequence numbers make repeats safe (go-back-N). The device keeps the number it expects:
  equal     -> executed, and the expected number advances, whether the reply is OK or an error
               other than SEQUENCE;
  behind by 1..128 (a repeat) -> WRITE and RUN are checked again, so that an error is reported
               again, but not executed again; READ and RESULT are executed, since they change
               nothing (a RESULT repeated after a later RUN shows another `runs`);
  ahead     -> refused with SEQUENCE and the expected number (u8) as payload, nothing is executed.
IDENTIFY is executed at any number. So is RESET: it stops the sequencer, empties the receive buffer
and makes the number after its own the expected one; it acts as soon as its frame is complete, even
while an earlier request waits or the receive buffer is full. A reply that it cuts short is closed
by a zero byte. From configuration to the first RESET everything but RESET and IDENTIFY is refused
with RESTARTED, so that a device that lost its memory cannot take a request for a repeat.

Of several faults in one request the first in this order is reported: RESTARTED, SEQUENCE, OPCODE,
LENGTH of the fields, SPACE, ADDRESS, LENGTH of the data. After a refused WRITE the words that it
names are undefined.
"""

import struct
import zlib
from enum import IntEnum
from typing import NamedTuple, Self

from .errors import ContractError
from .geometry import Geometry

#: Changes whenever the meaning of any byte on the link or in a memory changes.
CONTRACT_VERSION = 2

MAGIC = b"OTUS"

#: Bytes of sequence and opcode, or sequence and status.
HEADER_BYTES = 2
CRC_BYTES = 4

#: Bytes that the receive buffer puts before each body: where it ends.
PREFIX_BYTES = 2

#: A COBS block holds at most this many bytes before its next code.
COBS_BLOCK = 254


class Opcode(IntEnum):
    """What a request asks for."""

    RESET = 0
    """Fields: none. Reply: `Identity`. Stop everything, expect the next number."""
    IDENTIFY = 1
    """Fields: none. Reply: `Identity`."""
    WRITE = 2
    """Fields: space u8, address u16 (words); data: whole words. Reply: empty."""
    READ = 3
    """Fields: space u8, address u16, count u16 (words, 0 is none). Reply: the words."""
    RUN = 4
    """Fields: entry u16 (program word). Reply: empty, once the sequencer has started: it waits
    until an earlier program has ended."""
    RESULT = 5
    """Fields: space u8, address u16, count u16. Reply: `Counters`, then the words, once the
    sequencer is idle: after a program whose last layer says `more` it waits for the next one."""


class Status(IntEnum):
    """What a reply says."""

    OK = 0
    OPCODE = 1
    """The opcode is not known."""
    LENGTH = 2
    """The body is too short or too long for its opcode, or the data is not whole words."""
    SPACE = 3
    """The memory space does not exist, or cannot be read."""
    ADDRESS = 4
    """A word past the end of the space is named (no word, no error), or RUN starts there."""
    SEQUENCE = 5
    """Requests before this one were lost; the payload is the expected number (u8)."""
    RESTARTED = 6
    """No RESET since the device was configured: its memories hold nothing of the sender's."""


#: Request fields after sequence and opcode.
FIELDS = {
    Opcode.RESET: struct.Struct("<"),
    Opcode.IDENTIFY: struct.Struct("<"),
    Opcode.WRITE: struct.Struct("<BH"),
    Opcode.READ: struct.Struct("<BHH"),
    Opcode.RUN: struct.Struct("<H"),
    Opcode.RESULT: struct.Struct("<BHH"),
}

SEQUENCE_MODULO = 256

#: Most requests under way: more could not be told from repeats.
MAX_REQUESTS = 127


class Counters(NamedTuple):
    """Cycle counters; total is the sum of all the others but `runs`.

    Counting starts when the sequencer accepts a RUN and ends when the last result byte is written.
    It goes on where the program before ended with `more`.
    """

    runs: int
    """RUNs completed since configuration or RESET: tells a new result from an old one, and whether
    all programs of an inference have run."""
    total: int
    busy: int
    """The array accepts an activation word and a weight word."""
    stall_drain: int
    """A finished tile waits for the requantise lanes."""
    stall_data: int
    """An activation word is not written yet by the layer before."""
    fetch: int
    """Descriptors are read."""
    tail: int
    """Everything of a program is issued; the last outputs are on their way."""
    link_wait: int
    """A program has ended with `more`, and the next one has not come."""

    def pack(self) -> bytes:
        """Encode as eight u32."""
        return _COUNTERS.pack(*self)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Decode eight u32."""
        return cls(*_COUNTERS.unpack(data))


_COUNTERS = struct.Struct("<8I")
COUNTERS_BYTES = _COUNTERS.size


class Identity(NamedTuple):
    """What the device says it is."""

    contract: int
    """CONTRACT_VERSION it was built with."""
    build: int
    """CRC-32 of the gateware it was built from; 0 for the golden model."""
    clock_hz: int
    """Clock of the array; 0 where there is none (simulation)."""
    geometry: Geometry

    def pack(self) -> bytes:
        """Encode as MAGIC, contract u16, build u32, clock u32, geometry."""
        head = _IDENTITY.pack(MAGIC, self.contract, self.build, self.clock_hz)
        return head + self.geometry.pack()

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Decode what `pack` made.

        Raises
            ContractError: no MAGIC, or another contract version (both are named)
        """
        if len(data) < _IDENTITY.size or data[:4] != MAGIC:
            raise ContractError(
                f"identity: got {data[:4]!r}, expected {MAGIC!r}: not an otus device"
            )
        _, contract, build, clock = _IDENTITY.unpack_from(data)
        if contract != CONTRACT_VERSION:
            raise ContractError(
                f"identity: the device speaks contract version {contract}, this driver "
                f"{CONTRACT_VERSION}; build the bitstream again or install the driver that matches"
            )
        return cls(contract, build, clock, Geometry.unpack(data[_IDENTITY.size :]))


_IDENTITY = struct.Struct("<4sHII")


def crc(body: bytes) -> int:
    """CRC-32 (IEEE 802.3) of a body."""
    return zlib.crc32(body)


def cobs_encode(data: bytes) -> bytes:
    """Replace zero bytes (Cheshire & Baker 1999, Consistent Overhead Byte Stuffing)."""
    out = bytearray()
    block = bytearray()
    for byte in data:
        if byte:
            block.append(byte)
        if not byte or len(block) == COBS_BLOCK:
            out += bytes((len(block) + 1,)) + block
            block.clear()
    return bytes(out + bytes((len(block) + 1,)) + block)


def cobs_decode(data: bytes) -> bytes:
    """Undo `cobs_encode`.

    Raises
        ContractError: a zero byte, or a block that reaches past the end
    """
    out = bytearray()
    at = 0
    while at < len(data):
        code = data[at]
        block = data[at + 1 : at + code]
        if code == 0 or len(block) != code - 1 or 0 in block:
            raise ContractError("frame: damaged COBS block")
        out += block
        at += code
        if code <= COBS_BLOCK and at < len(data):
            out.append(0)
    return bytes(out)


def frame(body: bytes) -> bytes:
    """Encode one frame, with its closing zero byte."""
    return cobs_encode(body + crc(body).to_bytes(CRC_BYTES, "little")) + b"\0"


def unframe(data: bytes) -> bytes:
    """Decode one frame without its closing zero byte.

    Raises
        ContractError: COBS, length or CRC is wrong
    """
    packet = cobs_decode(data)
    body, check = packet[:-CRC_BYTES], packet[-CRC_BYTES:]
    if len(body) < HEADER_BYTES or crc(body) != int.from_bytes(check, "little"):
        raise ContractError("frame: damaged (length or CRC)")
    return body


def request(sequence: int, opcode: Opcode, *values: int, data: bytes = b"") -> bytes:
    """Body of a request."""
    return bytes((sequence % SEQUENCE_MODULO, opcode)) + FIELDS[opcode].pack(*values) + data


def buffered_bytes(body: bytes) -> int:
    """Bytes of the receive buffer that a request takes until it is answered.

    Requests whose sum is below `link_bytes` fit together; one that does not fit is dropped.
    """
    return PREFIX_BYTES + len(body) + CRC_BYTES


def max_write_bytes(geometry: Geometry) -> int:
    """Most data bytes in one WRITE: two such requests fit the receive buffer."""
    overhead = PREFIX_BYTES + HEADER_BYTES + FIELDS[Opcode.WRITE].size + CRC_BYTES
    return (geometry.link_bytes - 1) // 2 - overhead
