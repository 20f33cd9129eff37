"""The two memories that give back what they hold: activations over the link, weights through it."""

import numpy as np

from ...arch.descriptor import Descriptor
from ...arch.geometry import Geometry
from ...arch.memory import Space, word_bytes
from .bench import REPLY_BYTES, Bench, Bytes, SelftestError, unit_record

#: Blocks that a march through the activation memory reads, each at the cost of a round trip.
_BLOCKS = 64


class ActivationMemory:
    """The activation memory, as the link writes and reads it."""

    name = "activation memory"

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.depth = bench.geometry.activation_words
        self.width = word_bytes(Space.ACTIVATION, bench.geometry)
        self.block = max(1, -(-self.depth // _BLOCKS))

    def write(self, address: int, words: Bytes) -> None:
        """Write words."""
        self.bench.write(Space.ACTIVATION, address, words.tobytes())

    def read(self, address: int, count: int) -> Bytes:
        """Read words."""
        data = self.bench.read(address, count)
        return np.frombuffer(data, np.uint8).reshape(count, self.width)

    def place(self, byte: int) -> str:
        """Name a byte."""
        return f", row {byte}"


class WeightMemory:
    """The weight memories of all columns, read through the array.

    An input with a single 1 in row r makes each column's sum the weight of row r, and a record that
    scales by 1 lets it out unchanged. `rows` such inputs are `rows` output rows of one layer, whose
    tiles are as many weight words.
    """

    name = "weight memory"

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.geometry = geometry = bench.geometry
        self.depth = geometry.weight_words
        self.width = word_bytes(Space.WEIGHT, geometry)
        self.block = tiles_at_once(geometry, geometry.rows, geometry.rows)
        #: One word with a 1 in each row.
        inputs = np.eye(geometry.rows, dtype=np.int8)
        bench.write(Space.ACTIVATION, 0, inputs.tobytes())
        records = unit_record() * (self.block * geometry.columns)
        bench.write(Space.PARAMETER, 0, records)

    def write(self, address: int, words: Bytes) -> None:
        """Write words."""
        self.bench.write(Space.WEIGHT, address, words.tobytes())

    def read(self, address: int, count: int) -> Bytes:
        """Read words."""
        geometry, rows = self.geometry, self.geometry.rows
        row_words = -(-count * geometry.columns // rows)
        layer = Descriptor(
            source=0,
            source_end=rows,
            origin=0,
            group_stride=1,
            window_stride=0,
            reduction=1,
            groups=rows,
            tiles=count,
            weights=address,
            parameters=0,
            destination=rows,
            row_words=row_words,
            pad=0,
            zero_point=0,
            act_min=-128,
            act_max=127,
            windows=1,
            last_steps=geometry.column_groups,
            last=1,
        )
        data = self.bench.run([layer], rows * row_words)
        outputs = np.frombuffer(data, np.uint8).reshape(rows, row_words * rows)
        by_row = outputs[:, : count * geometry.columns].reshape(rows, count, geometry.columns)
        return by_row.transpose(1, 2, 0).reshape(count, self.width)

    def place(self, byte: int) -> str:
        """Name a byte."""
        column, row = divmod(byte, self.geometry.rows)
        return f", column {column}, row {row}"


def tiles_at_once(geometry: Geometry, sources: int, groups: int) -> int:
    """Count the tiles of one layer whose outputs and records fit, and one reply holds.

    Parameters
        sources : activation words of the input
        groups : output rows
    Raises
        SelftestError: not even one
    """
    room = (geometry.activation_words - sources) // groups * geometry.rows // geometry.columns
    records = geometry.parameter_words // geometry.column_groups
    tiles = min(room, records, geometry.weight_words)
    if tiles < 1:
        needed = sources + groups * -(-geometry.columns // geometry.rows)
        raise SelftestError(
            f"geometry {geometry.name}: {geometry.activation_words} activation words and "
            f"{geometry.parameter_words} parameter words hold no tile of outputs",
            f"a geometry that no model can use; build it with at least {needed} activation words "
            f"and {geometry.column_groups} parameter words",
        )
    return min(tiles, max(1, REPLY_BYTES // (groups * geometry.columns)))
