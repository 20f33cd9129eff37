"""Layouts that more than one component's ports use."""

from amaranth.lib import data

from ..arch.descriptor import WORD_BITS
from ..arch.geometry import Geometry
from ..arch.memory import RECORD_BYTES
from ..arch.packet import Counters

#: A byte of a body, and whether it is the last.
BodyLayout = data.StructLayout({"data": 8, "last": 1})

#: The cycle counters, in the order of the RESULT reply.
CountersLayout = data.StructLayout(dict.fromkeys(Counters._fields, 32))


def write_layout(geometry: Geometry) -> data.StructLayout:
    """Shape of one write into a memory space: a weight word is written column by column."""
    bits = max(8 * geometry.rows, 8 * RECORD_BYTES * geometry.requantise_lanes, WORD_BITS)
    return data.StructLayout(
        {"space": 2, "address": 16, "column": range(geometry.columns), "data": bits}
    )
