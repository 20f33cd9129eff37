"""The parameters of one accelerator: a frozen value, checked once, passed explicitly."""

import re
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Self

from .errors import GeometryError

#: Bits of the multiplier (Q31) that a pipelined requantise lane takes in one cycle.
PIPELINED = 32

#: Bytes around the data of a WRITE in the receive buffer, rounded up (see `packet`).
_REQUEST_OVERHEAD = 16

_PACKED = struct.Struct("<6B5I")


@dataclass(frozen=True)
class Geometry:
    """An array of `rows` x `columns` multiply-accumulate units for each of `positions`.

    Parameters
        rows : reduction lanes; one activation word is `rows` int8 values
        columns : output channels computed side by side
        positions : output positions (1 or 2) that share each weight word
        requantise_lanes : outputs requantised side by side; divides rows and columns
        requantise_bits : multiplier bits a cycle in a lane; 32 is pipelined, 4, 8 or 16 iterative
        accumulator_bits : width of a column's accumulator; below 32 the compiler proves the bound
        weight_words : depth of the weight buffers, in words of rows x columns int8
        activation_words : depth of the activation buffer, in words of rows int8
        parameter_words : depth of the bias and multiplier buffer, in words of requantise_lanes
        program_words : depth of the program memory, in 32-bit words
        link_bytes : size of the receive buffer of the link, in bytes
    Raises
        GeometryError: what was given, what is allowed
    """

    rows: int
    columns: int
    positions: int = 1
    requantise_lanes: int = 1
    requantise_bits: int = PIPELINED
    accumulator_bits: int = 32
    weight_words: int = 2048
    activation_words: int = 512
    parameter_words: int = 512
    program_words: int = 256
    link_bytes: int = 2048

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        self._within("rows", 1, 32)
        self._within("columns", 1, 64)
        self._one_of("positions", (1, 2))
        self._within("requantise_lanes", 1, 16)
        self._one_of("requantise_bits", (4, 8, 16, PIPELINED))
        self._within("accumulator_bits", 20, 32)
        self._within("weight_words", 2, 1 << 16)
        self._within("activation_words", 4, 1 << 15)
        self._within("parameter_words", 2, 1 << 15)
        self._within("program_words", 16, 1 << 15)
        self._one_of("link_bytes", (512, 1024, 2048, 4096, 8192, 16384))
        for name in ("rows", "columns"):
            if getattr(self, name) % self.requantise_lanes:
                divisors = [n for n in range(1, 17) if self.rows % n == self.columns % n == 0]
                raise GeometryError(
                    f"requantise_lanes: {self.requantise_lanes} does not divide {name} = "
                    f"{getattr(self, name)}; for {self.rows}x{self.columns} choose one of "
                    f"{divisors}"
                )
        needed = 2 * (self.rows * self.columns + _REQUEST_OVERHEAD)
        if self.link_bytes < needed:
            raise GeometryError(
                f"link_bytes: {self.link_bytes} cannot hold two requests with a weight word of "
                f"{self.rows} x {self.columns} bytes; choose at least {needed}, rounded up to a "
                "power of two"
            )

    def _within(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        if not isinstance(value, int) or not low <= value <= high:
            raise GeometryError(
                f"{name}: got {value!r}, allowed is an integer from {low} to {high}"
            )

    def _one_of(self, name: str, allowed: Iterable[int]) -> None:
        value = getattr(self, name)
        if value not in allowed:
            raise GeometryError(f"{name}: got {value!r}, allowed is one of {list(allowed)}")

    @property
    def macs_per_cycle(self) -> int:
        """Multiply-accumulates a cycle at full use."""
        return self.rows * self.columns * self.positions

    @property
    def column_groups(self) -> int:
        """Groups of `requantise_lanes` columns: the steps in which a tile of outputs drains."""
        return self.columns // self.requantise_lanes

    @property
    def tiles_per_word(self) -> int:
        """Tiles whose channels have room in one activation word; at least 1."""
        return max(1, self.rows // self.columns)

    @property
    def depthwise(self) -> bool:
        """Whether each tile's channels lie in one activation word."""
        return self.rows % self.columns == 0

    @property
    def row_groups(self) -> int:
        """Groups of `requantise_lanes` bytes in one activation word."""
        return self.rows // self.requantise_lanes

    @property
    def requantise_interval(self) -> int:
        """Cycles between two drained column groups."""
        return PIPELINED // self.requantise_bits

    @property
    def name(self) -> str:
        """Short name: rows x columns, and x positions where there are two."""
        return f"{self.rows}x{self.columns}" + (f"x{self.positions}" if self.positions > 1 else "")

    def pack(self) -> bytes:
        """Encode for the identity reply."""
        return _PACKED.pack(*asdict(self).values())

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Decode from the identity reply."""
        if len(data) != _PACKED.size:
            raise GeometryError(f"packed geometry: got {len(data)} bytes, expected {_PACKED.size}")
        return cls(*_PACKED.unpack(data))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `8x8`, `4x2x2` or a name of NAMED, with options: `8x8,requantise_lanes=1`.

        Raises
            GeometryError: unknown name or option, or a value that cannot be built
        """
        head, *options = text.split(",")
        match = re.fullmatch(r"(\d+)x(\d+)(?:x(\d+))?", head)
        if head in NAMED:
            base = NAMED[head]
        elif match:
            rows, columns, positions = (int(n) if n else 1 for n in match.groups())
            lanes = 2 if rows % 2 == columns % 2 == 0 else 1
            base = Geometry(rows, columns, positions, lanes, link_bytes=16384)
            base = replace(base, **_roomy(base))
        else:
            raise GeometryError(
                f"geometry: got {head!r}, expected ROWSxCOLUMNS, ROWSxCOLUMNSxPOSITIONS or one of "
                f"{', '.join(NAMED)}"
            )
        changes = {}
        for option in options:
            key, _, value = option.partition("=")
            if key not in _OPTIONS or not re.fullmatch("[0-9]+", value):
                raise GeometryError(
                    f"geometry option: got {option!r}, expected NAME=NUMBER with NAME one of "
                    f"{', '.join(_OPTIONS)}"
                )
            changes[key] = int(value)
        return cls(**{**asdict(base), **changes})


def _roomy(base: Geometry) -> dict[str, int]:
    """Buffer depths for 128 KiB of weights: azimuth and elevation together, except at 1x1."""

    def depth(quantity: int, width: int) -> int:
        return min(1 << 16, 1 << (-(-quantity // width) - 1).bit_length())

    return {
        "weight_words": depth(131_072, base.rows * base.columns),
        "activation_words": depth(4_096, base.rows),
        "parameter_words": depth(1_024, base.requantise_lanes),
        "link_bytes": max(2048, depth(2 * (base.rows * base.columns + _REQUEST_OVERHEAD), 1)),
    }


_OPTIONS = tuple(Geometry.__dataclass_fields__)

#: Named configurations: of the simulated device, and of parts. A board names the one it is built
#: with.
NAMED = {
    "default": Geometry(8, 8, requantise_lanes=2),
    "ecp5-85f": Geometry(16, 16, requantise_lanes=2, weight_words=1024),
    "ecp5-85f-16x8": Geometry(16, 8, requantise_lanes=2, weight_words=1024),
    "ecp5-45f": Geometry(8, 8, requantise_lanes=2),
    "ecp5-25f": Geometry(8, 8, weight_words=1024),
    "up5k": Geometry(
        4,
        2,
        positions=2,
        requantise_bits=4,
        accumulator_bits=24,
        weight_words=16384,
        link_bytes=512,
    ),
    "hx8k": Geometry(
        2,
        2,
        requantise_bits=8,
        accumulator_bits=24,
        weight_words=2048,
        parameter_words=256,
        program_words=128,
        link_bytes=512,
    ),
    "gw1n-9": Geometry(8, 3, accumulator_bits=24, weight_words=1024, link_bytes=1024),
    "gw2a-18": Geometry(8, 8, requantise_lanes=2, weight_words=1024),
}
