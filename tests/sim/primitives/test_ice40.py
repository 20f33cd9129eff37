"""Models of iCE40's primitives, before and after packing, against their description in Python."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import primitives
import pytest
from amaranth.hdl import Const
from primitives import Cell, Row

from otus.sim.toolchain import ToolchainError

MODELS = ("ice40.v", "ice40_cells.v")

#: The one mode of the DSP block that is modelled.
DUAL_8X8 = {
    name: Const(1, width)
    for width, names in (
        (1, "MODE_8x8 A_SIGNED B_SIGNED A_REG B_REG TOP_8x8_MULT_REG BOT_8x8_MULT_REG"),
        (1, "TOPADDSUB_UPPERINPUT BOTADDSUB_UPPERINPUT"),
        (2, "TOPOUTPUT_SELECT BOTOUTPUT_SELECT TOPADDSUB_LOWERINPUT BOTADDSUB_LOWERINPUT"),
    )
    for name in names.split()
}


def both(
    kinds: tuple[str, str],
    parameters: Mapping[str, object],
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
    clocks: tuple[str, ...],
) -> list[Cell]:
    """Return a cell as synthesis has it, and as place and route does: its buses bit by bit."""
    wide = {name: f"{name}_" for name, width in {**inputs, **outputs}.items() if width > 1}
    return [
        Cell(kinds[0], parameters, inputs, outputs, clocks=clocks, scalar=False),
        Cell(kinds[1], parameters, inputs, outputs, ports=wide, clocks=clocks),
    ]


def multipliers(**parameters: object) -> list[Cell]:
    inputs = {"A": 16, "B": 16, "C": 16, "D": 16, "CE": 1}
    kinds = ("SB_MAC16", "ICESTORM_DSP")
    return both(kinds, {**DUAL_8X8, **parameters}, inputs, {"O": 32}, ("CLK",))


def int8(value: int) -> int:
    return (value & 0x7F) - (value & 0x80)


def products(rows: list[Row]) -> list[int]:
    """Work out O of every cycle: through three registers, with C and D added before the last."""
    operands, product, output = ((0, 0), (0, 0)), (0, 0), 0
    results = []
    for row in rows:
        results.append(output)
        if row["CE"]:
            high, low = (p + row[name] & 0xFFFF for p, name in zip(product, "CD", strict=True))
            output = high << 16 | low
            product = (operands[0][0] * operands[1][0], operands[0][1] * operands[1][1])
            operands = tuple((int8(row[p] >> 8), int8(row[p])) for p in "AB")
    return results


def test_multiplier_at_every_corner(simulator: str) -> None:
    corners = [0, 1, 2, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF]
    pairs = [(a, b) for a in corners for b in corners]
    steady = {"C": 0, "D": 0, "CE": 1}
    # Each pair in the upper half, beside any other in the lower one.
    rng = random.Random(1)
    rows: list[Row] = []
    for high, low in zip(pairs, rng.sample(pairs, len(pairs)), strict=True):
        rows.append({**steady, "A": high[0] << 8 | low[0], "B": high[1] << 8 | low[1]})
        rows.append({**steady, "A": low[0] << 8 | high[0], "B": low[1] << 8 | high[1]})
    for _ in range(600):
        row = {name: rng.getrandbits(16) for name in "ABCD"}
        rows.append(row | {"CE": int(rng.random() < 0.7)})
    cells = multipliers()
    expected = {f"O_{index}": products(rows) for index in range(len(cells))}
    primitives.check(cells, MODELS, rows, expected, simulator)


#: First bit of a word in the port, by mode; the others follow at a distance of 1, 2, 4 or 8.
FIRST = (0, 0, 1, 3)


@dataclass
class Ram:
    """A block RAM, as the test understands it: modes of its ports, rows of 16 bits."""

    write: int
    read: int
    rows: list[int] = field(default_factory=lambda: [0] * 256)
    output: int = 0

    @staticmethod
    def bits(mode: int, address: int) -> list[tuple[int, int]]:
        """Pair the bits of a word in the port and in the row."""
        step = 1 << mode
        place = address >> 8 & step - 1
        return [(i + FIRST[mode], i + place) for i in range(0, 16, step)]

    def look(self, row: Row) -> int:
        """Return what a read gives: bits that are being written are inverted."""
        at, stored = row["RADDR"] & 255, self.rows[row["RADDR"] & 255]
        if at == row["WADDR"] & 255:
            stored ^= sum(1 << bit for bit in self.written(row))
        return sum((stored >> b & 1) << p for p, b in self.bits(self.read, row["RADDR"]))

    def written(self, row: Row) -> dict[int, int]:
        """Return the bits of the row that are written, and their values."""
        if not (row["WE"] and row["WCLKE"]):
            return {}
        return {
            bit: row["WDATA"] >> port & 1
            for port, bit in self.bits(self.write, row["WADDR"])
            if self.write or not row["MASK"] >> bit & 1
        }

    def store(self, row: Row) -> None:
        """Write, at a clock edge."""
        at = row["WADDR"] & 255
        for bit, value in self.written(row).items():
            self.rows[at] = self.rows[at] & ~(1 << bit) | value << bit

    def clock(self, row: Row) -> None:
        """Work one clock edge of both ports."""
        if row["RE"] and row["RCLKE"]:
            self.output = self.look(row)
        self.store(row)


def ram_rows(count: int) -> list[Row]:
    """Make accesses to few addresses, so that they meet."""
    rng = random.Random(2)
    rows: list[Row] = []
    for _ in range(count):
        row = {p: rng.choice((0, 1, 0xA7, 0xFF)) | rng.getrandbits(3) << 8 for p in "RW"}
        row = {f"{p}ADDR": address for p, address in row.items()}
        row |= {"WDATA": rng.getrandbits(16), "MASK": rng.choice((0, 0, rng.getrandbits(16)))}
        row |= {"WE": int(rng.random() < 0.6), "WCLKE": int(rng.random() < 0.8)}
        row |= {"RE": int(rng.random() < 0.9), "RCLKE": int(rng.random() < 0.9)}
        rows.append(row)
    return rows


RAM_INPUTS = {"RADDR": 11, "WADDR": 11, "WDATA": 16, "MASK": 16} | dict.fromkeys(
    ("RE", "RCLKE", "WE", "WCLKE"), 1
)
RAM_KINDS = ("SB_RAM40_4K", "ICESTORM_RAM")


def contents() -> tuple[dict[str, object], list[int]]:
    """Choose what is in the rows after configuration: 16 of them in each parameter."""
    rows = [random.Random(n).getrandbits(16) for n in range(256)]
    parameters: dict[str, object] = {
        f"INIT_{n:X}": Const(sum(rows[16 * n + i] << 16 * i for i in range(16)), 256)
        for n in range(16)
    }
    return parameters, rows


def test_block_ram_in_every_width(simulator: str) -> None:
    init, stored = contents()
    rows = ram_rows(1500)
    cells: list[Cell] = []
    expected: dict[str, list[int]] = {}
    for write in range(4):
        for read in range(4):
            ram = Ram(write, read, list(stored))
            seen = []
            for row in rows:
                seen.append(ram.output)
                ram.clock(row)
            parameters = {**init, "WRITE_MODE": write, "READ_MODE": read}
            for cell in both(RAM_KINDS, parameters, RAM_INPUTS, {"RDATA": 16}, ("RCLK", "WCLK")):
                expected[f"RDATA_{len(cells)}"] = seen
                cells.append(cell)
    primitives.check(cells, MODELS, rows, expected, simulator)


def test_block_ram_with_inverted_clocks(fast_simulator: str) -> None:
    """A port whose clock is inverted works half a cycle later: just before the next row comes."""
    init, stored = contents()
    rows = ram_rows(300)
    cells, expected = [], {}
    for index, (late_read, late_write) in enumerate([(1, 0), (0, 1), (1, 1)]):
        ram, seen = Ram(0, 1, list(stored)), []
        last = dict.fromkeys(RAM_INPUTS, 0)
        for row in rows:
            for now, late in ((last, 1), (row, 0)):
                if not late:
                    seen.append(ram.output)
                if late_read == late and now["RE"] and now["RCLKE"]:
                    ram.output = ram.look(now)
                if late_write == late:
                    ram.store(now)
            last = dict(row)
        parameters = {**init, "WRITE_MODE": 0, "READ_MODE": 1}
        parameters |= {"NEG_CLK_R": Const(late_read, 1), "NEG_CLK_W": Const(late_write, 1)}
        cell = both(RAM_KINDS, parameters, RAM_INPUTS, {"RDATA": 16}, ("RCLK", "WCLK"))[1]
        cells.append(cell)
        expected[f"RDATA_{index}"] = seen
    primitives.check(cells, MODELS, rows, expected, fast_simulator)


def test_single_port_ram(simulator: str) -> None:
    rng = random.Random(3)
    inputs = {"ADDRESS": 14, "DATAIN": 16, "MASKWREN": 4}
    inputs |= dict.fromkeys(("WREN", "CHIPSELECT", "STANDBY", "SLEEP", "POWEROFF"), 1)
    cells = both(("SB_SPRAM256KA", "ICESTORM_SPRAM"), {}, inputs, {"DATAOUT": 16}, ("CLOCK",))
    words: dict[int, int] = {}
    output, seen, rows = 0, [], []
    for _ in range(1500):
        row = {"ADDRESS": rng.choice((0, 1, 0x1FFF, 0x2000, 0x3FFF)), "DATAIN": rng.getrandbits(16)}
        row |= {"MASKWREN": rng.choice((15, 15, rng.getrandbits(4))), "WREN": rng.getrandbits(1)}
        row |= {"CHIPSELECT": int(rng.random() < 0.9), "POWEROFF": int(rng.random() < 0.95)}
        row |= {name: int(rng.random() < 0.05) for name in ("STANDBY", "SLEEP")}
        rows.append(row)
        seen.append(output)
        # POWEROFF is low where the RAM is off.
        if row["CHIPSELECT"] and row["POWEROFF"] and not row["STANDBY"] and not row["SLEEP"]:
            word = words.get(row["ADDRESS"], 0)
            output = word ^ 0xFFFF if row["WREN"] else word
            if row["WREN"]:
                mask = sum(0xF << 4 * i for i in range(4) if row["MASKWREN"] >> i & 1)
                words[row["ADDRESS"]] = word & ~mask | row["DATAIN"] & mask
    expected = {f"DATAOUT_{index}": seen for index in range(len(cells))}
    primitives.check(cells, MODELS, rows, expected, simulator)


@pytest.mark.parametrize(
    "parameters",
    [
        {"MODE_8x8": Const(0, 1)},
        {"A_SIGNED": Const(0, 1)},
        {"B_REG": Const(0, 1)},
        {"TOP_8x8_MULT_REG": Const(0, 1)},
        {"TOPOUTPUT_SELECT": Const(3, 2)},
        {"BOTADDSUB_LOWERINPUT": Const(0, 2)},
        {"C_REG": Const(1, 1)},
        {"NEG_TRIGGER": Const(1, 1)},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_what_is_not_modelled_is_refused(
    parameters: dict[str, object], fast_simulator: str
) -> None:
    for cell in multipliers(**parameters):
        with pytest.raises(ToolchainError, match="refused_SB_MAC16_mode_is_not_modelled"):
            primitives.check([cell], MODELS, [{}], {}, fast_simulator)
