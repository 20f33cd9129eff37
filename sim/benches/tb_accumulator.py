"""Accumulator: sums of reductions and maxima of windows, with idle cycles between the sums."""

from typing import Any

import cocotb
import numpy as np

from ...hw.accumulator import Accumulator
from .ports import check_latency, geometry, respond, unsigned
from .reductions import pooled_after, random_words
from .streams import Bench


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.5])
async def accumulates(dut: Any, idle: float) -> None:
    bench, g = Bench(dut), geometry()
    rng = np.random.default_rng(bench.seed)
    words = random_words(rng, 150, idle)
    bits = len(dut.sum)
    # Large sums reach both ends of a narrow accumulator, where it wraps.
    sums = rng.choice([-(1 << (bits - 1)), (1 << (bits - 1)) - 1, 0, 5, -7], len(words))
    rows = [
        {
            "sum": unsigned(int(sums[i if (i := word.index) is not None else 0]), bits),
            "control": word.control,
        }
        for word in words
    ]
    trace = await respond(bench, rows, ["pooled"], Accumulator.latency)
    expected = [
        None if value is None else unsigned(int(value), g.accumulator_bits)
        for value in pooled_after(words, sums, g.accumulator_bits)
    ]
    check_latency(expected, trace["pooled"], Accumulator.latency, "pooled")
