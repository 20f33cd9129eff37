"""Models of ECP5's primitives, against their description in Python."""

import random
from dataclasses import dataclass, field

import primitives
import pytest
from amaranth.hdl import Const
from primitives import Cell, Row

from otus.sim.toolchain import ToolchainError

CORNERS = [0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 0x1FFFF, 0x20000, 0x20001, 0x3FF80, 0x3FFFF]


def multiplier(**parameters: str) -> Cell:
    inputs = {"A": 18, "B": 18, "SIGNEDA": 1, "SIGNEDB": 1}
    inputs |= {f"{name}{i}": 1 for name in ("CE", "RST") for i in range(4)}
    inputs |= {"SOURCEA": 1, "SOURCEB": 1, "SRIA": 18, "SRIB": 18}
    return Cell(
        "MULT18X18D",
        parameters,
        inputs,
        {"P": 36, "SIGNEDP": 1},
        clocks=[f"CLK{i}" for i in range(4)],
    )


def number(value: int, is_signed: int) -> int:
    return value - (1 << 18) if is_signed and value >> 17 else value


class Stage:
    """A register with its clock enable and reset, or a wire."""

    def __init__(self, cell: Cell, name: str) -> None:
        get = cell.parameters.get
        self.bypassed = get(f"REG_{name}_CLK", "NONE") == "NONE"
        self.enable = str(get(f"REG_{name}_CE", "CE0"))
        self.reset = str(get(f"REG_{name}_RST", "RST0"))
        self.value: tuple[int, ...] = (0, 0)

    def clock(self, row: Row, value: tuple[int, ...]) -> None:
        if row[self.reset]:
            self.value = (0, 0)
        elif row[self.enable]:
            self.value = value


def multiply(cell: Cell, rows: list[Row]) -> tuple[list[int], list[int]]:
    """Work out P and SIGNEDP of every cycle."""
    left, right, middle, last = (Stage(cell, n) for n in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT"))
    products, signs = [], []
    for row in rows:
        values = [
            (row["SRIA" if row["SOURCEA"] else "A"], row["SIGNEDA"]),
            (row["SRIB" if row["SOURCEB"] else "B"], row["SIGNEDB"]),
        ]
        a = values[0] if left.bypassed else left.value
        b = values[1] if right.bypassed else right.value
        product = (number(*a) * number(*b)) % (1 << 36), a[1] | b[1]
        piped = product if middle.bypassed else middle.value
        result = piped if last.bypassed else last.value
        products.append(result[0])
        signs.append(result[1])
        for stage, value in (
            (left, values[0]),
            (right, values[1]),
            (middle, product),
            (last, piped),
        ):
            stage.clock(row, value)
    return products, signs


def test_multiplier_in_every_combination_of_registers(simulator: str) -> None:
    clocked = {"CLK": "CLK0"}
    cells = [multiplier()]
    for names in (["INPUTA"], ["INPUTB"], ["PIPELINE"], ["OUTPUT"], ["INPUTA", "INPUTB", "OUTPUT"]):
        cells.append(multiplier(**{f"REG_{name}_CLK": clocked["CLK"] for name in names}))
    everything = ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
    cells.append(multiplier(**{f"REG_{name}_CLK": "CLK3" for name in everything}))
    # Each of the first three registers with an enable and a reset of its own.
    own = {f"REG_{name}_CLK": f"CLK{i}" for i, name in enumerate(everything)}
    own |= {f"REG_{name}_CE": f"CE{i + 1}" for i, name in enumerate(everything[:3])}
    own |= {f"REG_{name}_RST": f"RST{3 - i}" for i, name in enumerate(everything[:3])}
    cells.append(multiplier(**own))

    rng = random.Random(1)
    steady = {f"CE{i}": 1 for i in range(4)} | {f"RST{i}": 0 for i in range(4)}
    steady |= {"SOURCEA": 0, "SOURCEB": 0, "SRIA": 5, "SRIB": 0x3FFFB}
    signs = [(x, y) for x in (0, 1) for y in (0, 1)]
    rows: list[Row] = [
        {**steady, "A": a, "B": b, "SIGNEDA": x, "SIGNEDB": y}
        for x, y in signs
        for a in CORNERS
        for b in CORNERS
    ]
    for _ in range(600):
        row = {name: rng.getrandbits(18) for name in ("A", "B", "SRIA", "SRIB")}
        row |= {f"CE{i}": int(rng.random() < 0.7) for i in range(4)}
        row |= {f"RST{i}": int(rng.random() < 0.1) for i in range(4)}
        row |= {n: rng.getrandbits(1) for n in ("SIGNEDA", "SIGNEDB")}
        row |= {n: int(rng.random() < 0.1) for n in ("SOURCEA", "SOURCEB")}
        rows.append(row)
    expected = {}
    for index, cell in enumerate(cells):
        expected[f"P_{index}"], expected[f"SIGNEDP_{index}"] = multiply(cell, rows)
    primitives.check(cells, ["ecp5.v"], rows, expected, simulator)


@dataclass
class Port:
    """One port of a block RAM, as the test understands it."""

    width: int
    registered: bool = False
    mode: str = "NORMAL"
    latch: int = 0
    second: int = 0

    def bytes(self, address: int) -> list[int]:
        """Number the 9-bit bytes of the word at an address."""
        count = self.width // 9
        return [(address >> 3) // count * count + i for i in range(count)]

    def enabled(self, address: int) -> list[bool]:
        """Tell which bytes of the word are enabled."""
        return [self.width == 9 or bool(address >> i & 1) for i in range(self.width // 9)]

    def output(self) -> int:
        return self.second if self.registered else self.latch


@dataclass
class Ram:
    """A block RAM with two ports, as the test understands it."""

    a: Port
    b: Port
    bytes: list[int] = field(default_factory=lambda: [0] * 2048)

    def clock(self, row: Row) -> None:
        """Work one clock edge: both ports read what was stored, then both write."""
        wide = self.a.width == 36
        ports = [(self.a, "A"), (self.b, "B")]
        written: dict[str, dict[int, int]] = {"A": {}, "B": {}}
        for port, p in ports:
            data = row["DIA"] | row["DIB"] << 18 if wide and p == "A" else row[f"DI{p}"]
            writes = wide or row[f"WE{p}"] if p == "A" else row["WEB"] and not wide
            if row[f"CE{p}"] and row[f"CS{p}"] == 0 and writes and not row[f"RST{p}"]:
                address = row[f"AD{p}"]
                for i, place in enumerate(port.bytes(address)):
                    if port.enabled(address)[i]:
                        written[p][place] = data >> 9 * i & 0x1FF
        for port, p in ports:
            other = written["B" if p == "A" else "A"]
            port.second = 0 if row[f"RST{p}"] else port.latch if row[f"OCE{p}"] else port.second
            writes = wide or row[f"WE{p}"] if p == "A" else row["WEB"] and not wide
            if row[f"RST{p}"]:
                port.latch = 0
            elif row[f"CE{p}"] and row[f"CS{p}"] == 0 and not (port.mode == "NORMAL" and writes):
                word = 0
                for i, place in enumerate(port.bytes(row[f"AD{p}"])):
                    seen = self.bytes[place]
                    if port.mode == "WRITETHROUGH":
                        seen = written[p].get(place, seen)
                    word |= (seen ^ (0x1FF if place in other else 0)) << 9 * i
                port.latch = word
        for _, p in ports:
            for place, value in written[p].items():
                self.bytes[place] = value


def ram_cell(ram: Ram, contents: dict[str, int]) -> Cell:
    parameters: dict[str, object] = {}
    inputs: dict[str, int] = {}
    for port, p in ((ram.a, "A"), (ram.b, "B")):
        parameters |= {
            f"DATA_WIDTH_{p}": port.width,
            f"REGMODE_{p}": "OUTREG" if port.registered else "NOREG",
            f"WRITEMODE_{p}": port.mode,
            f"CSDECODE_{p}": "0b000",
        }
        inputs |= {f"DI{p}": 18, f"AD{p}": 14, f"CS{p}": 3}
        inputs |= {f"{name}{p}": 1 for name in ("CE", "OCE", "WE", "RST")}
    parameters |= {name: Const(value, 320) for name, value in contents.items()}
    return Cell("DP16KD", parameters, inputs, {"DOA": 18, "DOB": 18}, clocks=["CLKA", "CLKB"])


def ram_rows(rng: random.Random, wide: bool, count: int) -> list[Row]:
    """Make accesses to few addresses, so that they meet; two ports never write the same byte."""
    rows: list[Row] = []
    while len(rows) < count:
        row: dict[str, int] = {}
        for p in "AB":
            row[f"AD{p}"] = rng.choice((0, 0x10, 0x3FF0)) * 1 | rng.getrandbits(6)
            row[f"DI{p}"] = rng.getrandbits(18)
            row[f"CS{p}"] = rng.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, 4))
            row[f"CE{p}"] = int(rng.random() < 0.85)
            row[f"OCE{p}"] = int(rng.random() < 0.85)
            row[f"WE{p}"] = int(rng.random() < 0.5)
            row[f"RST{p}"] = int(rng.random() < 0.05)
        if row["ADA"] >> 5 == row["ADB"] >> 5 and row["WEA"] and row["WEB"] and not wide:
            continue
        rows.append(row)
    return rows


@pytest.mark.parametrize("wide", [False, True], ids=["two ports", "36 bits"])
def test_block_ram_in_every_width_and_mode(wide: bool, simulator: str) -> None:
    rng = random.Random(2)
    contents = {f"INITVAL_{n}": rng.getrandbits(320) for n in ("00", "01", "0F", "3F")}
    stored = [0] * 2048
    for name, value in contents.items():
        for word in range(16):
            bits = value >> 20 * word & 0x3FFFF
            place = 2 * (int(name[-2:], 16) * 16 + word)
            stored[place : place + 2] = [bits & 0x1FF, bits >> 9]
    modes = ("NORMAL", "WRITETHROUGH", "READBEFOREWRITE")
    shapes = [(Port(18, False, m), Port(18, True, modes[i - 1])) for i, m in enumerate(modes)] + [
        (Port(9, True, m), Port(18 if i else 9, False)) for i, m in enumerate(modes)
    ]
    if wide:
        shapes = [(Port(36, r), Port(w, r)) for w in (9, 18, 36) for r in (False, True)]
    rows = ram_rows(rng, wide, 1500)
    cells, expected = [], {}
    for index, (a, b) in enumerate(shapes):
        ram = Ram(a, b, list(stored))
        cells.append(ram_cell(ram, contents))
        outputs: dict[str, list[int | None]] = {f"DOA_{index}": [], f"DOB_{index}": []}
        for row in rows:
            low, high = a.output(), b.output()
            if wide:
                low, high = b.output() & 0x3FFFF, b.output() >> (18 if b.width == 36 else 0)
            # Beside a wide port that writes, A gives a word only where it is wide too.
            outputs[f"DOA_{index}"].append(low if b.width == 36 or not wide else None)
            outputs[f"DOB_{index}"].append(high)
            ram.clock(row)
        expected |= outputs
    primitives.check(cells, ["ecp5.v"], rows, expected, simulator)


def test_block_ram_in_the_vendors_wide_order(fast_simulator: str) -> None:
    inputs = {"DI": 36, "ADW": 9, "BE": 4, "CEW": 1, "CSW": 3}
    inputs |= {"ADR": 14, "CER": 1, "OCER": 1, "CSR": 3, "RST": 1}
    parameters = {"DATA_WIDTH_W": 36, "REGMODE": "OUTREG", "CSDECODE_W": "0b010"}
    cells = [
        Cell(
            "PDPW16KD",
            {**parameters, "DATA_WIDTH_R": w},
            inputs,
            {"DO": 36},
            clocks=["CLKW", "CLKR"],
        )
        for w in (36, 18)
    ]
    rng = random.Random(3)
    low, high = rng.getrandbits(18), rng.getrandbits(18)
    idle = dict.fromkeys(inputs, 0) | {"CER": 1, "OCER": 1}
    write = {"ADW": 7, "DI": high << 18 | low, "BE": 15, "CEW": 1, "CSW": 2}
    rows = [
        {**idle, **write},
        # Not selected, and no byte enabled: nothing is written.
        {**idle, **write, "DI": 1, "CSW": 0},
        {**idle, **write, "DI": 1, "BE": 0},
        {**idle, "ADR": 7 << 5},
        {**idle, "ADR": 7 << 5 | 1 << 4},
        idle,
        idle,
    ]
    expected: dict[str, list[int | None]] = {
        "DO_0": [0, 0, None, None, None, low << 18 | high, low << 18 | high],
        "DO_1": [None] * 7,
    }
    primitives.check(cells, ["ecp5.v"], rows, expected, fast_simulator)
    # A narrow read gives the word on DO17 to DO0; the half above is not used.
    narrow = Cell(
        "PDPW16KD",
        {**parameters, "DATA_WIDTH_R": 18},
        inputs,
        {"DO": 18},
        clocks=["CLKW", "CLKR"],
    )
    primitives.check(
        [narrow], ["ecp5.v"], rows, {"DO_0": [0, 0, None, None, None, low, high]}, fast_simulator
    )


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (multiplier(MULT_BYPASS="ENABLED"), "MULT18X18D_mode_is_not_modelled"),
        (multiplier(RESETMODE="ASYNC"), "MULT18X18D_mode_is_not_modelled"),
        (multiplier(REG_OUTPUT_CLK="CLK0", REG_OUTPUT_CE="CE1"), "must_use_CE0_and_RST0"),
        (Cell("DP16KD", {"DATA_WIDTH_A": 4}, {}, {}), "DATA_WIDTH_A_must_be_9_18_or_36"),
        (Cell("DP16KD", {"DATA_WIDTH_B": 36}, {}, {}), "DATA_WIDTH_B_must_be_9_or_18"),
        (Cell("PDPW16KD", {"DATA_WIDTH_W": 18}, {}, {}), "DATA_WIDTH_W_must_be_36"),
    ],
)
def test_what_is_not_modelled_is_refused(cell: Cell, why: str, fast_simulator: str) -> None:
    with pytest.raises(ToolchainError, match=why):
        primitives.check([cell], ["ecp5.v"], [{}], {}, fast_simulator)
