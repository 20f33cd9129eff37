"""Faults that a tool could make of multipliers, memories and LUTs, for netlists of each family.

Each spoils the cells of a netlist as `read_netlist` gives them, by name.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

Cells = dict[str, dict[str, Any]]


def of(cells: Cells, kind: str, within: str = "") -> Iterator[dict[str, Any]]:
    """List cells of a type, whose names have a part in them."""
    return (cell for name, cell in cells.items() if cell["type"] == kind and within in name)


def nowhere() -> Iterator[int]:
    """Number nets that nothing drives or reads."""
    return count(10**9)


def ice40_product_dropped(cells: Cells) -> None:
    nets = next(of(cells, "SB_MAC16"))["connections"]["O"]
    # Its users keep nets that nothing drives.
    nets[:16] = [net for net, _ in zip(nowhere(), range(16), strict=False)]


def ice40_operands_swapped(cells: Cells) -> None:
    multipliers = of(cells, "SB_MAC16")
    pins = [next(multipliers)["connections"] for _ in range(2)]
    pins[0]["A"], pins[1]["A"] = pins[1]["A"], pins[0]["A"]


def ice40_bits_swapped(cells: Cells) -> None:
    nets = next(of(cells, "SB_MAC16"))["connections"]["B"]
    nets[0], nets[1] = nets[1], nets[0]


def ice40_block_ram_in_another_mode(cells: Cells) -> None:
    # The ring of received bytes: of the others a small network uses less than one half.
    parameters = next(of(cells, "SB_RAM40_4K", "receiver.ring"))["parameters"]
    assert int(parameters["READ_MODE"], 2) == 1
    parameters["READ_MODE"] = f"{0:032b}"


def ice40_half_of_each_weight_written(cells: Cells) -> None:
    for cell in of(cells, "SB_SPRAM256KA"):
        cell["connections"]["MASKWREN"][0] = "0"


def ice40_lut_inverted(cells: Cells) -> None:
    parameters = next(of(cells, "SB_LUT4", "transmitter"))["parameters"]
    parameters["LUT_INIT"] = f"{int(parameters['LUT_INIT'], 2) ^ 0xFFFF:016b}"


def ecp5_product_dropped(cells: Cells) -> None:
    pins = next(of(cells, "MULT18X18D", "column_0"))["connections"]
    for net, bit in zip(nowhere(), range(36), strict=False):
        pins[f"P{bit}"] = [net]


def ecp5_operands_swapped(cells: Cells) -> None:
    multipliers = of(cells, "MULT18X18D", "column_0")
    pins = [next(multipliers)["connections"] for _ in range(2)]
    for bit in range(18):
        one, other = pins[0][f"A{bit}"], pins[1][f"A{bit}"]
        pins[0][f"A{bit}"], pins[1][f"A{bit}"] = other, one


def ecp5_register_of_a_multiplier_lost(cells: Cells) -> None:
    parameters = next(of(cells, "MULT18X18D", "column_0"))["parameters"]
    assert parameters["REG_PIPELINE_CLK"] == "CLK0"
    parameters["REG_PIPELINE_CLK"] = "NONE"


def ecp5_output_register_of_a_block_ram_lost(cells: Cells) -> None:
    # Of a ring of bytes nothing would be seen: a UART leaves it its time.
    parameters = next(of(cells, "DP16KD", "activations"))["parameters"]
    assert parameters["REGMODE_B"] == "OUTREG"
    parameters["REGMODE_B"] = "NOREG"


def ecp5_half_of_each_weight_written(cells: Cells) -> None:
    """Address bits 0 and 1 enable the bytes of a word of 18 bits."""
    for cell in of(cells, "DP16KD", "weights"):
        assert cell["connections"]["ADA0"] == ["1"]
        cell["connections"]["ADA0"] = ["0"]


#: By the family's name.
FAULTS: dict[str, tuple[Callable[[Cells], None], ...]] = {
    family: tuple(spoil for name, spoil in globals().items() if name.startswith(f"{family}_"))
    for family in ("ice40", "ecp5")
}
