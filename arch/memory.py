"""Memory spaces behind the link, and what one word of each holds.

Addresses on the link count words; data is the words' bytes in order, whole words only.

activation  rows int8 values: one tensor row (a position in time) is row_words words, channels in
            order, the last word filled up with values that meet zero weights
weight      columns x rows int8 values: for each column its rows weights
parameter   requantise_lanes records of RECORD, one for each channel in order
program     32 bits of a layer descriptor
"""

import struct
from enum import IntEnum
from typing import NamedTuple

from .errors import ContractError
from .geometry import Geometry


class Space(IntEnum):
    """A memory space."""

    ACTIVATION = 0
    WEIGHT = 1
    PARAMETER = 2
    PROGRAM = 3


#: Spaces that the link can read back. The others are checked by running what they hold.
READABLE = frozenset({Space.ACTIVATION})

#: Bytes of one channel's record in the parameter space.
RECORD_BYTES = 9

LEFT_MAX = 7
RIGHT_MAX = 31

_RECORD = struct.Struct("<iIB")


class Rounding(IntEnum):
    """How a channel rounds when it requantises.

    DOUBLE: the rounding doubling high multiplication, then a rounding right shift with ties away
    from zero (gemmlowp's fixed-point scheme, as in tflite-micro).
    SINGLE: one rounding of the whole product, ties up (TensorFlow Lite built with single rounding;
    the compiler repeats LiteRT's floating-point Dense with it).
    """

    DOUBLE = 0
    SINGLE = 1


class Record(NamedTuple):
    """Bias and requantisation of one output channel.

    x = (acc + bias) << left, in 32-bit two's complement; p = x * multiplier (exact);
    DOUBLE: y = (p + 2^30) >> 31, z = (y + 2^(right-1) - (y < 0)) >> right   (z = y at right = 0)
    SINGLE: z = (p + 2^(30+right)) >> (31 + right)
    output = clamp(z + zero_point, act_min, act_max)

    In bits, from 0 up: bias 32, multiplier 31, rounding 1, left 3, right 5: 72 bits, every encoding
    is implemented.
    """

    bias: int
    multiplier: int
    rounding: Rounding
    left: int
    right: int

    def pack(self) -> bytes:
        """Encode as RECORD_BYTES bytes.

        Raises
            ContractError: a value outside its field
        """
        limits = {
            "bias": (-(1 << 31), (1 << 31) - 1),
            "multiplier": (0, (1 << 31) - 1),
            "left": (0, LEFT_MAX),
            "right": (0, RIGHT_MAX),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ContractError(f"record.{name}: got {value}, allowed is {low} to {high}")
        return _RECORD.pack(
            self.bias, self.multiplier | self.rounding << 31, self.left | self.right << 3
        )

    @classmethod
    def unpack(cls, data: bytes) -> "Record":
        """Decode RECORD_BYTES bytes."""
        bias, multiplier, shift = _RECORD.unpack(data)
        return cls(bias, multiplier & 0x7FFFFFFF, Rounding(multiplier >> 31), shift & 7, shift >> 3)


def word_bytes(space: Space, geometry: Geometry) -> int:
    """Bytes of one word of `space`."""
    match space:
        case Space.ACTIVATION:
            return geometry.rows
        case Space.WEIGHT:
            return geometry.rows * geometry.columns
        case Space.PARAMETER:
            return geometry.requantise_lanes * RECORD_BYTES
        case Space.PROGRAM:
            return 4


def depth(space: Space, geometry: Geometry) -> int:
    """Words in `space`."""
    match space:
        case Space.ACTIVATION:
            return geometry.activation_words
        case Space.WEIGHT:
            return geometry.weight_words
        case Space.PARAMETER:
            return geometry.parameter_words
        case Space.PROGRAM:
            return geometry.program_words
