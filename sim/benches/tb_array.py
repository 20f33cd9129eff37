"""Array: every column's pooled accumulators, each group one cycle after the one before."""

from typing import Any

import cocotb
import numpy as np

from ...hw.array import Array
from ...hw.weight_buffer import WeightBuffer
from .ports import MARGIN, Ports, check_latency, geometry, join, unsigned
from .reductions import pooled_after, random_words
from .streams import Bench


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.4])
async def computes_every_column(dut: Any, idle: float) -> None:
    """Compute with one half of the weights while the other half is written, and change over."""
    bench, g = Bench(dut), geometry()
    rng = np.random.default_rng(bench.seed)
    array, lanes, bits = Array(g), g.requantise_lanes, g.accumulator_bits
    half = g.weight_words // 2
    weights = rng.integers(-128, 128, (2, half, g.columns, g.rows))
    ports = Ports(
        bench,
        [
            *("weight_address", "activations", "control"),
            *("write_enable", "write_column", "write_address", "write_data"),
        ],
        ["pooled"],
    )

    def writes(which: int) -> list[dict[str, int]]:
        rows = [
            {
                "write_enable": 1,
                "write_column": column,
                "write_address": which * half + word,
                "write_data": join(weights[which, word, column].tolist(), 8),
            }
            for word in range(half)
            # Group 0 last: it is also the first to be read.
            for column in reversed(range(g.columns))
        ]
        # A column is written a cycle after its data is taken.
        return [*rows, {"write_enable": 0}]

    await bench.start()
    ports.send(*writes(0))
    await bench.step(half * g.columns + 1)
    ahead = WeightBuffer.latency
    for which in (0, 1):
        words = random_words(rng, 80, idle)
        address = rng.integers(0, half, len(words))
        address[0] = half - 1  # the word that was written last
        activations = rng.integers(-128, 128, (len(words), g.positions, g.rows))
        numbers = [cycle for cycle, word in enumerate(words) if word.index is not None]
        # [words, positions, columns]
        sums = np.einsum("wpr,wcr->wpc", activations, weights[which][address])[numbers]
        begin = len(ports.trace["pooled"]) + ahead
        write = writes(1) if which == 0 else []
        count = max(len(words), len(write)) + ahead + 1
        rows: list[dict[str, int]] = [{} for _ in range(count)]
        for cycle, row in enumerate(write):
            rows[cycle] |= row
        for cycle, word in enumerate(words):
            rows[cycle]["weight_address"] = which * half + int(address[cycle])
            rows[cycle + ahead] |= {
                "activations": join(activations[cycle].flatten().tolist(), 8),
                "control": word.control,
            }
        rows[len(words) + ahead]["control"] = 0
        ports.send(*rows)
        await bench.step(count + array.latency + g.column_groups + MARGIN)
        pooled = pooled_after(words, sums, bits)
        for column in range(g.columns):
            for position in range(g.positions):
                low = bits * (column * g.positions + position)
                check_latency(
                    [
                        None if p is None else unsigned(int(p[position, column]), bits)
                        for p in pooled
                    ],
                    [unsigned(p >> low, bits) for p in ports.trace["pooled"][begin:]],
                    array.latency + column // lanes,
                    f"pooled[{column}][{position}]",
                )
