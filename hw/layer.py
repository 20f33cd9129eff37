"""The layer descriptor as the gateware sees it, and what its later stages keep of it."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from ..arch.descriptor import FIELDS

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
