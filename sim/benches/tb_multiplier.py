"""Multiplier: every product, at the stated latency, one a cycle."""

from typing import Any

import cocotb

from ...hw.multiplier import Multiplier
from .ports import check_latency, respond, unsigned
from .streams import Bench, parameters


@cocotb.test()
async def multiplies(dut: Any) -> None:
    bench = Bench(dut)
    left_bits, right_bits = parameters()["left"], parameters()["right"]

    def operands(bits: int) -> list[int]:
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        return [low, low + 1, -1, 0, 1, high, *(bench.rng.randint(low, high) for _ in range(30))]

    pairs = [(x, y) for x in operands(left_bits) for y in operands(right_bits)]
    bench.rng.shuffle(pairs)
    rows = [{"left": unsigned(x, left_bits), "right": unsigned(y, right_bits)} for x, y in pairs]
    trace = await respond(bench, rows, ["product"], Multiplier.latency)
    expected = [unsigned(x * y, left_bits + right_bits) for x, y in pairs]
    check_latency(expected, trace["product"], Multiplier.latency, "product")
