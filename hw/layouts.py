"""Layouts that more than one component's ports use."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from ..arch.descriptor import FIELDS, WORD_BITS
from ..arch.geometry import Geometry
from ..arch.memory import RECORD_BYTES
from ..arch.packet import Counters

#: A byte of a body, and whether it is the last.
BodyLayout = data.StructLayout({"data": 8, "last": 1})

#: The cycle counters, in the order of the RESULT reply.
CountersLayout = data.StructLayout(dict.fromkeys(Counters._fields, 32))

#: A descriptor as it stands in program memory; counts are stored minus one.
DescriptorLayout = data.StructLayout(
    {field.name: signed(field.bits) if field.signed else unsigned(field.bits) for field in FIELDS}
)

#: What the write-back side needs of a layer. Two are kept, since the next layer starts while the
#: last outputs of the one before are still on their way.
_KEPT = (
    "parameters",
    "last_steps",
    "destination",
    "row_words",
    "zero_point",
    "act_min",
    "act_max",
)
BankLayout = data.StructLayout({name: DescriptorLayout[name].shape for name in _KEPT})
BanksLayout = data.ArrayLayout(BankLayout, 2)


def write_layout(geometry: Geometry) -> data.StructLayout:
    """Shape of one write into a memory space: a weight word is written column by column."""
    bits = max(8 * geometry.rows, 8 * RECORD_BYTES * geometry.requantise_lanes, WORD_BITS)
    return data.StructLayout(
        {"space": 2, "address": 16, "column": range(geometry.columns), "data": bits}
    )
