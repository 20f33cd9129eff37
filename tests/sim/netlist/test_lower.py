"""Cells of both families, put in their places and run."""

import itertools
import random

import netlists
import pytest

from otus.sim.netlist.simulation import Simulation
from otus.sim.toolchain import ToolchainError


def cell(
    family: str, kind: str, parameters: dict[str, str], inputs: list[str], outputs: list[str]
) -> Simulation:
    """Start a netlist of one cell whose ports are the module's."""
    pins = {name: name for name in [*inputs, *outputs]}
    module = netlists.module_of(
        {"cell": (kind, parameters, pins)}, dict.fromkeys(inputs, 1), dict.fromkeys(outputs, 1)
    )
    return netlists.simulate(module, family, inputs[0])


def apply(simulation: Simulation, **values: int) -> None:
    for name, value in values.items():
        simulation.set(name, value)
    simulation.settle()


@pytest.mark.parametrize(
    ("family", "kind", "parameter", "names", "out"),
    [
        ("ecp5", "LUT4", "INIT", "ABCD", "Z"),
        ("ecp5", "TRELLIS_COMB", "INITVAL", "ABCD", "F"),
        ("ice40", "SB_LUT4", "LUT_INIT", ["I0", "I1", "I2", "I3"], "O"),
        ("ice40", "ICESTORM_LC", "LUT_INIT", ["I0", "I1", "I2", "I3"], "LO"),
    ],
)
def test_luts(family: str, kind: str, parameter: str, names: list[str], out: str) -> None:
    table = 0x9AC5
    simulation = cell(family, kind, {parameter: f"{table:016b}"}, list(names), [out])
    for index in range(16):
        apply(simulation, **{name: index >> bit & 1 for bit, name in enumerate(names)})
        assert simulation.get(out) == table >> index & 1


def test_carry_of_a_logic_cell() -> None:
    parameters = {"CARRY_ENABLE": "1", "LUT_INIT": f"{0x6996:016b}"}
    simulation = cell("ice40", "ICESTORM_LC", parameters, ["I1", "I2", "CIN"], ["COUT"])
    for a, b, c in itertools.product((0, 1), repeat=3):
        apply(simulation, I1=a, I2=b, CIN=c)
        assert simulation.get("COUT") == (a + b + c >= 2)


@pytest.mark.parametrize("inject", ["YES", "NO"])
def test_carry_of_a_slice(inject: str) -> None:
    # A + B: the LUT is A ^ B, and its lower quarter makes a carry where both are 1.
    parameters = {"MODE": "CCU2", "INITVAL": f"{0x96AA:016b}", "CCU2_INJECT1": inject}
    parameters["INITVAL"] = f"{0x666A & 0xFFF0 | 0x8:016b}"
    simulation = cell("ecp5", "TRELLIS_COMB", parameters, ["A", "B", "C", "D", "FCI"], ["F", "FCO"])
    for a, b, carry in itertools.product((0, 1), repeat=3):
        apply(simulation, A=a, B=b, C=1, D=1, FCI=carry)
        total = a + b + carry
        if inject == "NO":
            assert (simulation.get("F"), simulation.get("FCO")) == (total & 1, total >> 1)
        else:
            # The first bit of a chain: no carry goes in, and the LUT passes one on.
            assert simulation.get("F") == a ^ b
            assert simulation.get("FCO") == ((a ^ b) & carry)


@pytest.mark.parametrize(("is_z1", "low", "high"), [("0", "F", "F1"), ("1", "FXA", "FXB")])
def test_multiplexer_of_a_slice(is_z1: str, low: str, high: str) -> None:
    parameters = {"IS_Z1": is_z1, "INITVAL": f"{0xAAAA:016b}"}
    inputs = ["A", "M", "F1", "FXA", "FXB"]
    simulation = cell("ecp5", "TRELLIS_COMB", parameters, inputs, ["OFX"])
    for values in itertools.product((0, 1), repeat=5):
        row = dict(zip(inputs, values, strict=True))
        apply(simulation, **row)
        expected = row[high] if row["M"] else row["A" if low == "F" else low]
        assert simulation.get("OFX") == expected


@pytest.mark.parametrize("mode", ["LSR_OVER_CE", "CE_OVER_LSR"])
@pytest.mark.parametrize("value", ["SET", "RESET"])
@pytest.mark.parametrize("select", ["0 ", "1 "])
def test_flip_flops_of_ecp5(mode: str, value: str, select: str) -> None:
    parameters = {"SRMODE": mode, "REGSET": value, "SD": select, "CEMUX": "CE", "CLKMUX": "CLK"}
    simulation = cell("ecp5", "TRELLIS_FF", parameters, ["CLK", "LSR", "CE", "DI", "M"], ["Q"])
    q = int(value == "SET")
    assert simulation.get("Q") == q
    rng = random.Random(1)
    for _ in range(100):
        row = {name: rng.getrandbits(1) for name in ("LSR", "CE", "DI", "M")}
        apply(simulation, **row)
        simulation.tick()
        d = row["DI" if select == "1 " else "M"]
        if row["LSR"] and (mode == "LSR_OVER_CE" or row["CE"]):
            q = int(value == "SET")
        elif row["CE"]:
            q = d
        assert simulation.get("Q") == q


@pytest.mark.parametrize("value", [0, 1])
def test_flip_flop_of_a_logic_cell(value: int) -> None:
    parameters = {"LUT_INIT": f"{0xAAAA:016b}", "DFF_ENABLE": "1", "SET_NORESET": str(value)}
    simulation = cell("ice40", "ICESTORM_LC", parameters, ["CLK", "I0", "CEN", "SR"], ["O"])
    q, rng = 0, random.Random(2)
    for _ in range(100):
        row = {name: rng.getrandbits(1) for name in ("I0", "CEN", "SR")}
        apply(simulation, **row)
        simulation.tick()
        q = (value if row["SR"] else row["I0"]) if row["CEN"] else q
        assert simulation.get("O") == q


def test_dsp_after_packing_multiplies_every_corner() -> None:
    ones = ("MODE_8x8", "A_SIGNED", "B_SIGNED", "A_REG", "B_REG", "TOP_8x8_MULT_REG")
    parameters = dict.fromkeys((*ones, "BOT_8x8_MULT_REG"), "1")
    parameters |= dict.fromkeys(("TOPOUTPUT_SELECT", "BOTOUTPUT_SELECT"), "01")
    parameters |= dict.fromkeys(("TOPADDSUB_LOWERINPUT", "BOTADDSUB_LOWERINPUT"), "01")
    parameters |= dict.fromkeys(("TOPADDSUB_UPPERINPUT", "BOTADDSUB_UPPERINPUT"), "1")
    inputs = ["CLK", *(f"{bus}_{bit}" for bus in "AB" for bit in range(16))]
    outputs = [f"O_{bit}" for bit in range(32)]
    simulation = cell("ice40", "ICESTORM_DSP", {**parameters}, [*inputs, "CE"], outputs)
    corners = (-128, -127, -1, 0, 1, 127)
    for left, right in itertools.product(corners, repeat=2):
        words = {"A": (left & 255) << 8 | right & 255, "B": (right & 255) << 8 | left & 255}
        for bus, word in words.items():
            apply(simulation, CE=1, **{f"{bus}_{bit}": word >> bit & 1 for bit in range(16)})
        simulation.tick(3)
        product = sum(simulation.get(f"O_{bit}") << bit for bit in range(32))
        assert product == (left * right & 0xFFFF) * 0x10001


def test_single_port_ram_after_packing() -> None:
    inputs = ["CLOCK", "WREN", "CHIPSELECT", "POWEROFF"]
    inputs += [f"ADDRESS_{bit}" for bit in range(14)] + [f"DATAIN_{bit}" for bit in range(16)]
    inputs += [f"MASKWREN_{bit}" for bit in range(4)]
    outputs = [f"DATAOUT_{bit}" for bit in range(16)]
    simulation = cell("ice40", "ICESTORM_SPRAM", {}, inputs, outputs)
    rng, stored = random.Random(3), dict[int, int]()

    def drive(name: str, value: int, width: int) -> None:
        apply(simulation, **{f"{name}_{bit}": value >> bit & 1 for bit in range(width)})

    apply(simulation, CHIPSELECT=1, POWEROFF=1)
    for _ in range(300):
        address = rng.choice((0, 1, 0x1FFF, 0x3FFF))
        data, mask = rng.getrandbits(16), rng.getrandbits(4)
        write = address not in stored or rng.random() < 0.5
        mask = mask if address in stored else 15
        drive("ADDRESS", address, 14)
        drive("DATAIN", data, 16)
        drive("MASKWREN", mask, 4)
        apply(simulation, WREN=int(write))
        simulation.tick()
        if write:
            bits = sum(0xF << 4 * nibble for nibble in range(4) if mask >> nibble & 1)
            stored[address] = stored.get(address, 0) & ~bits | data & bits
        else:
            got = sum(simulation.get(f"DATAOUT_{bit}") << bit for bit in range(16))
            assert got == stored[address]


def test_a_primitive_without_a_model_is_named() -> None:
    with pytest.raises(ToolchainError, match="ALU54B"):
        cell("ecp5", "ALU54B", {}, ["CLK0"], ["R0"])


def test_a_refused_parameter_is_named() -> None:
    with pytest.raises(ToolchainError, match="refused_ICESTORM_LC_ASYNC_SR_must_be_0"):
        cell("ice40", "ICESTORM_LC", {"DFF_ENABLE": "1", "ASYNC_SR": "1"}, ["CLK"], ["O"])
