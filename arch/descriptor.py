"""Layer descriptors: what the sequencer reads from program memory.

A layer is four nested loops; the innermost issues one activation word and one weight word a cycle:

    for group in range(groups):                # output rows, `positions` at a time
        for tile in range(tiles):              # `columns` output channels at a time
            for window in range(windows):      # positions that are max-pooled into one output row
                for line in range(lines):      # lines of the image under the kernel
                    for k in range(reduction): # activation words of a line
                        accumulate

The activation address is origin + group * group_stride + word(tile) * tile_stride +
window * window_stride + line * line_stride + k * word_stride, where word(tile) is the word that
holds as many channels before the tile's first: tile * columns / rows, rounded down, or tile where
columns exceed rows. An address outside [source, source_end) + line * line_stride reads `pad` in
every byte. Addresses wrap at
2^address_bits: from the lowest one that a layer forms, or 0, to the highest or the last line's
`source_end` must not be more, which the compiler verifies. The weight address counts up through
the tile's words, skips `weight_gap` words before the next tile, is rewound for each window and
returns to `weights` for each group. Every count is stored minus one, so that each encoding is a
finite loop of at least one pass.

A reduction may be spread over several layers, between which other weights are loaded: all but the
last of them have `hold`, which keeps the sums in the accumulators and makes no output; all but the
first have `resume`, which goes on with them. They have one tile, one window and at most `positions`
groups, the same in all, which the compiler verifies.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple, Self

from .errors import DescriptorError
from .geometry import Geometry

WORD_BITS = 32


class Field(NamedTuple):
    """One field of the descriptor."""

    name: str
    bits: int
    signed: bool = False
    #: Added to the stored value: counts are stored minus one.
    bias: int = 0

    @property
    def low(self) -> int:
        """Smallest value that can be encoded."""
        return self.bias - (1 << (self.bits - 1) if self.signed else 0)

    @property
    def high(self) -> int:
        """Largest value that can be encoded."""
        return self.bias + (1 << (self.bits - self.signed)) - 1


#: In order, from bit 0 of the first word up.
FIELDS = (
    Field("source", 16),
    Field("source_end", 16),
    Field("origin", 16, signed=True),
    Field("group_stride", 16),
    Field("window_stride", 16),
    Field("reduction", 16, bias=1),
    Field("groups", 16, bias=1),
    Field("tiles", 16, bias=1),
    Field("weights", 16),
    Field("parameters", 16),
    Field("destination", 16),
    Field("row_words", 16),
    Field("pad", 8, signed=True),
    Field("zero_point", 8, signed=True),
    Field("act_min", 8, signed=True),
    Field("act_max", 8, signed=True),
    Field("windows", 8, bias=1),
    Field("last_steps", 8, bias=1),
    Field("lines", 8, bias=1),
    Field("resume", 1),
    Field("hold", 1),
    Field("last", 1),
    Field("more", 1),
    Field("reserved", 4),
    Field("line_stride", 16),
    Field("weight_gap", 16),
    Field("word_stride", 16),
    Field("tile_stride", 16),
)

FIELD = {field.name: field for field in FIELDS}

BITS = sum(field.bits for field in FIELDS)
WORDS = BITS // WORD_BITS
assert BITS == WORDS * WORD_BITS

#: Fields that are addresses or strides of activations, or count what has one.
_ADDRESSES = (
    *("source", "source_end", "origin", "group_stride", "window_stride"),
    *("reduction", "groups", "destination", "row_words"),
    *("line_stride", "word_stride", "tile_stride"),
)


def address_bits(geometry: Geometry) -> int:
    """Bits in which activation addresses are counted: those of padding beside the buffer too."""
    return min(16, (geometry.activation_words - 1).bit_length() + 1)


def used_bits(field: Field, geometry: Geometry) -> int:
    """Bits of a field that the gateware of a geometry reads; the compiler uses no others."""
    limits = {
        **dict.fromkeys(_ADDRESSES, address_bits(geometry)),
        # Every tile has parameters of its own.
        "tiles": (geometry.parameter_words - 1).bit_length(),
        "weights": (geometry.weight_words - 1).bit_length(),
        "weight_gap": (geometry.weight_words - 1).bit_length(),
        "parameters": (geometry.parameter_words - 1).bit_length(),
        "last_steps": (geometry.column_groups - 1).bit_length(),
    }
    return min(field.bits, limits.get(field.name, field.bits))


@dataclass(frozen=True)
class Descriptor:
    """One layer. Addresses and strides are in words of the memory they point into.

    Parameters
        source, source_end : activation words that hold the input tensor, first and one past last
        origin : address of the first activation word; below `source` where the kernel is padded
        group_stride, window_stride : words from one output row (pooled position) to the next
        reduction, word_stride : activation words under one line of the kernel, and their distance
        lines, line_stride : lines of the kernel, and words from one line of the image to the next
        tile_stride : 1 where each output channel reads the input channel of its own number: then
            each tile reads the words of its own channels only
        groups, tiles, windows : output rows, tiles of output channels, positions pooled per row
        weights, parameters : first word in the weight and the parameter buffer
        weight_gap : weight words that are skipped between two tiles
        destination, row_words : first word of the output tensor, and words of one output row
        pad : int8 that padding reads (the input's zero point; -128 under a max pooling)
        zero_point, act_min, act_max : of the output, int8; act_min <= act_max
        last_steps : column groups (of `requantise_lanes` channels) used in the last tile; at most
            columns / requantise_lanes, which the compiler verifies
        resume, hold : go on with the sums of the layer before; leave them to the layer after
        last : 1 ends the program
        more : 1 in the last layer: another program belongs to the same inference
    Raises
        DescriptorError: a value that the field cannot hold
    """

    source: int
    source_end: int
    origin: int
    group_stride: int
    window_stride: int
    reduction: int
    groups: int
    tiles: int
    weights: int
    parameters: int
    destination: int
    row_words: int
    pad: int
    zero_point: int
    act_min: int
    act_max: int
    windows: int
    last_steps: int
    lines: int = 1
    resume: int = 0
    hold: int = 0
    last: int = 0
    more: int = 0
    reserved: int = 0
    line_stride: int = 0
    weight_gap: int = 0
    word_stride: int = 1
    tile_stride: int = 0

    def __post_init__(self) -> None:
        """Refuse what a field cannot hold."""
        for field in FIELDS:
            value = getattr(self, field.name)
            if not field.low <= value <= field.high:
                raise DescriptorError(
                    f"descriptor.{field.name}: got {value}, allowed is {field.low} to {field.high}"
                )
        if self.act_min > self.act_max:
            raise DescriptorError(
                f"descriptor.act_min: got {self.act_min}, allowed is at most act_max = "
                f"{self.act_max}"
            )
        if self.reserved:
            raise DescriptorError(f"descriptor.reserved: got {self.reserved}, allowed is 0")

    def pack(self) -> bytes:
        """Encode as WORDS little-endian 32-bit words."""
        word, shift = 0, 0
        for field in FIELDS:
            stored = int(getattr(self, field.name)) - field.bias
            word |= (stored & ((1 << field.bits) - 1)) << shift
            shift += field.bits
        return word.to_bytes(BITS // 8, "little")

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Decode WORDS little-endian 32-bit words."""
        word, values = int.from_bytes(data, "little"), {}
        for field in FIELDS:
            value = word & ((1 << field.bits) - 1)
            if field.signed and value >> (field.bits - 1):
                value -= 1 << field.bits
            values[field.name] = value + field.bias
            word >>= field.bits
        return cls(**values)


assert tuple(f.name for f in fields(Descriptor)) == tuple(f.name for f in FIELDS)
