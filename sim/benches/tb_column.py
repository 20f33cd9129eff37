"""Column: dot products of its own weights, accumulated and pooled for each position."""

from typing import Any

import cocotb
import numpy as np

from ...hw.accumulator import Accumulator
from ...hw.column import Column
from ...hw.dot_product import DotProduct
from ...hw.weight_buffer import WeightBuffer
from .ports import MARGIN, Ports, check_latency, geometry, join, unsigned
from .reductions import pooled_after, random_words
from .streams import Bench


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.4])
async def multiplies_and_accumulates(dut: Any, idle: float) -> None:
    bench, g = Bench(dut), geometry()
    rng = np.random.default_rng(bench.seed)
    weights = rng.integers(-128, 128, (g.weight_words, g.rows))
    words = random_words(rng, 120, idle)
    address = rng.integers(0, g.weight_words, len(words))
    activations = rng.integers(-128, 128, (len(words), g.positions, g.rows))
    numbers = [cycle for cycle, word in enumerate(words) if word.index is not None]
    sums = (activations * weights[address][:, None, :]).sum(2)[numbers]

    ports = Ports(
        bench,
        [
            *("weight_address", "activations", "control"),
            *("write_enable", "write_address", "write_data"),
        ],
        ["pooled"],
    )
    await bench.start()
    for index, word in enumerate(weights.tolist()):
        ports.send({"write_enable": 1, "write_address": index, "write_data": join(word, 8)})
    ports.send({"write_enable": 0})
    await bench.step(len(weights) + 1)

    ahead = WeightBuffer.latency
    behind = DotProduct(g).latency
    begin = len(ports.trace["pooled"]) + ahead
    rows: list[dict[str, int]] = [{} for _ in range(len(words) + ahead + behind)]
    for cycle, word in enumerate(words):
        rows[cycle]["weight_address"] = int(address[cycle])
        rows[cycle + ahead]["activations"] = join(activations[cycle].flatten().tolist(), 8)
        rows[cycle + ahead + behind]["control"] = word.control
    rows.append({"control": 0})
    ports.send(*rows)
    await bench.step(len(rows) + Accumulator.latency + MARGIN)
    bits = g.accumulator_bits
    latency = Column(g).latency
    pooled = pooled_after(words, sums, bits)
    for position in range(g.positions):
        expected = [None if p is None else unsigned(int(p[position]), bits) for p in pooled]
        observed = [unsigned(p >> (bits * position), bits) for p in ports.trace["pooled"][begin:]]
        check_latency(expected, observed, latency, f"pooled[{position}]")
