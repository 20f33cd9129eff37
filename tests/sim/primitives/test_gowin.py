"""Models of Gowin's primitives, against their description in Python."""

import random
from dataclasses import dataclass, field

import primitives
import pytest
from primitives import Cell, Row

from otus.sim.toolchain import ToolchainError


def multiplier(width: int, **parameters: object) -> Cell:
    inputs = {"A": width, "B": width, "SIA": width, "SIB": width}
    inputs |= dict.fromkeys(("ASIGN", "BSIGN", "ASEL", "BSEL", "CE", "RESET"), 1)
    return Cell(
        f"MULT{width}X{width}",
        parameters,
        inputs,
        {"DOUT": 2 * width},
        clocks=["CLK"],
        scalar=False,
    )


def products(width: int, registers: frozenset[str], rows: list[Row]) -> list[int]:
    """Work out DOUT of every cycle."""

    def number(value: int, is_signed: int) -> int:
        return value - (1 << width) if is_signed and value >> (width - 1) else value

    a = b = pipe = out = 0
    results = []
    for row in rows:
        inputs = [
            number(row[f"SI{p}" if row[f"{p}SEL"] else p], row[f"{p}SIGN"]) for p in ("A", "B")
        ]
        left = a if "AREG" in registers else inputs[0]
        right = b if "BREG" in registers else inputs[1]
        product = left * right % (1 << 2 * width)
        piped = pipe if "PIPE_REG" in registers else product
        results.append(out if "OUT_REG" in registers else piped)
        if row["RESET"]:
            a = b = pipe = out = 0
        elif row["CE"]:
            a, b, pipe, out = *inputs, product, piped
    return results


@pytest.mark.parametrize("width", [9, 18])
def test_multiplier_in_every_combination_of_registers(width: int, simulator: str) -> None:
    names = ("AREG", "BREG", "PIPE_REG", "OUT_REG")
    subsets = [frozenset(n for i, n in enumerate(names) if k >> i & 1) for k in range(16)]
    top = 1 << (width - 1)
    corners = [0, 1, 2, top - 1, top, top + 1, 2 * top - 1, 2 * top - 2]
    plain = {"SIA": 3, "SIB": 5, "ASEL": 0, "BSEL": 0, "CE": 1, "RESET": 0}
    rows: list[Row] = [
        {**plain, "A": a, "B": b, "ASIGN": s & 1, "BSIGN": s >> 1}
        for s in range(4)
        for a in corners
        for b in corners
    ]
    rng = random.Random(1)
    for _ in range(500):
        row = {n: rng.getrandbits(width) for n in ("A", "B", "SIA", "SIB")}
        row |= {n: rng.getrandbits(1) for n in ("ASIGN", "BSIGN", "ASEL", "BSEL")}
        rows.append(row | {"CE": int(rng.random() < 0.7), "RESET": int(rng.random() < 0.05)})
    cells = [multiplier(width, **dict.fromkeys(subset, 1)) for subset in subsets]
    expected = {f"DOUT_{i}": products(width, s, rows) for i, s in enumerate(subsets)}
    primitives.check(cells, ["gowin.v"], rows, expected, simulator)


@dataclass
class Ram:
    """A block RAM of bits, as the test understands it: widths of the ports, bits of a byte."""

    write: int
    read: int
    byte: int
    registered: bool = False
    latch: int = 0
    second: int = 0
    bits: dict[int, int] = field(default_factory=dict)

    def places(self, address: int, width: int) -> list[int]:
        """Number the bits of the word at an address."""
        words = width * 8 // self.byte  # the address counts bits, a ninth one excepted
        return [address // words * width + i for i in range(width)]

    def clock(self, row: Row) -> None:
        """Work one clock edge: the read sees what was stored, inverted where it is written."""
        written: dict[int, int] = {}
        if row["CEA"] and row["BLKSELA"] == 0:
            for i, place in enumerate(self.places(row["ADA"], self.write)):
                if self.write < 16 or row["ADA"] >> i // self.byte & 1:
                    written[place] = row["DI"] >> i & 1
        if row["RESETB"]:
            self.second = 0
        elif row["OCE"]:
            self.second = self.latch
        if row["RESETB"]:
            self.latch = 0
        elif row["CEB"] and row["BLKSELB"] == 5:
            self.latch = sum(
                (self.bits.get(place, 0) ^ (place in written)) << i
                for i, place in enumerate(self.places(row["ADB"], self.read))
            )
        self.bits |= written


@pytest.mark.parametrize(("kind", "byte"), [("SDPB", 8), ("SDPX9B", 9)])
def test_block_ram_in_every_width(kind: str, byte: int, simulator: str) -> None:
    widths = [1, 2, 4, 8, 16, 32] if byte == 8 else [9, 18, 36]
    rams = [Ram(w, r, byte) for w in widths for r in widths]
    rams += [Ram(w, 4 * byte, byte, registered=True) for w in widths]
    rng = random.Random(2)
    rows: list[Row] = []
    for _ in range(1200):
        row = {f"AD{p}": rng.choice((0, 0x20, 0x3FE0)) | rng.getrandbits(5) for p in "AB"}
        row |= {"DI": rng.getrandbits(4 * byte), "BLKSELA": rng.choice((0, 0, 0, 4))}
        row |= {"BLKSELB": rng.choice((5, 5, 5, 1)), "RESETA": 0}
        row |= {"OCE": int(rng.random() < 0.8)}
        row |= {"CEA": rng.getrandbits(1), "CEB": int(rng.random() < 0.8)}
        rows.append(row | {"RESETB": int(rng.random() < 0.05)})
    inputs = {"ADA": 14, "ADB": 14, "DI": 4 * byte, "BLKSELA": 3, "BLKSELB": 3}
    inputs |= dict.fromkeys(("CEA", "CEB", "OCE", "RESETA", "RESETB"), 1)
    cells, expected = [], {}
    for index, ram in enumerate(rams):
        parameters = {"BIT_WIDTH_0": ram.write, "BIT_WIDTH_1": ram.read, "BLK_SEL_1": 5}
        parameters["READ_MODE"] = int(ram.registered)
        cells.append(
            Cell(
                kind,
                parameters,
                inputs,
                {"DO": 4 * byte},
                clocks=["CLKA", "CLKB"],
                scalar=False,
            )
        )
        seen = expected[f"DO_{index}"] = []
        for row in rows:
            seen.append(ram.second if ram.registered else ram.latch)
            ram.clock(row)
    primitives.check(cells, ["gowin.v"], rows, expected, simulator)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (multiplier(9, SOA_REG=1), "MULT9X9_mode_is_not_modelled"),
        (multiplier(9, MULT_RESET_MODE="ASYNC"), "MULT9X9_mode_is_not_modelled"),
        (multiplier(18, ASIGN_REG=1), "MULT18X18_mode_is_not_modelled"),
        (Cell("SDPB", {"RESET_MODE": "ASYNC"}, {}, {}), "SDPB_mode_is_not_modelled"),
        (Cell("SDPB", {"READ_MODE": 1, "BIT_WIDTH_1": 16}, {}, {}), "works_in_words_of_32_bits"),
        (Cell("SDPX9B", {"READ_MODE": 1, "BIT_WIDTH_1": 9}, {}, {}), "works_in_words_of_36_bits"),
        (Cell("SDPB", {"BIT_WIDTH_0": 9}, {}, {}), "SDPB_widths_must_be_1_2_4_8_16_or_32"),
        (Cell("SDPX9B", {"RESET_MODE": "ASYNC"}, {}, {}), "SDPX9B_mode_is_not_modelled"),
        (Cell("SDPX9B", {"BIT_WIDTH_1": 32}, {}, {}), "SDPX9B_widths_must_be_9_18_or_36"),
    ],
)
def test_what_is_not_modelled_is_refused(cell: Cell, why: str, fast_simulator: str) -> None:
    with pytest.raises(ToolchainError, match=why):
        primitives.check([cell], ["gowin.v"], [{}], {}, fast_simulator)
