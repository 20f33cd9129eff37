from hypothesis import given
from hypothesis import strategies as st

from otus.arch.descriptor import BITS, FIELDS, Descriptor
from otus.hw.layouts import BankLayout, BanksLayout, DescriptorLayout

VALUES = st.fixed_dictionaries(
    {field.name: st.integers(field.low, field.high) for field in FIELDS if field.name != "reserved"}
)


@given(values=VALUES)
def test_layout_reads_what_the_contract_packs(values: dict[str, int]) -> None:
    values["act_min"], values["act_max"] = sorted((values["act_min"], values["act_max"]))
    packed = Descriptor(**values).pack()
    read = DescriptorLayout.from_bits(int.from_bytes(packed, "little"))
    for field in FIELDS:
        assert read[field.name] + field.bias == values.get(field.name, 0), field.name


def test_layout_is_as_wide_as_a_descriptor() -> None:
    assert DescriptorLayout.size == BITS


def test_banks_keep_fields_in_their_shapes() -> None:
    assert BanksLayout.length == 2
    for name, shape in BankLayout.members.items():
        assert shape == DescriptorLayout[name].shape
