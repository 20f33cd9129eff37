"""Dot product: the sum of every lane's product, at the stated latency, one a cycle."""

from typing import Any

import cocotb
import numpy as np

from ...hw.dot_product import DotProduct
from .ports import check_latency, geometry, join, respond, unsigned
from .streams import Bench


@cocotb.test()
async def sums_products(dut: Any) -> None:
    bench, g = Bench(dut), geometry()
    rng = np.random.default_rng(bench.seed)
    activations = rng.integers(-128, 128, (400, g.rows))
    weights = rng.integers(-128, 128, (400, g.rows))
    # The largest, the smallest, and the largest of few bits.
    activations[:3], weights[:3] = [[-128], [-128], [127]], [[-128], [127], [127]]
    rows = [
        {"activations": join(a, 8), "weights": join(w, 8)}
        for a, w in zip(activations.tolist(), weights.tolist(), strict=True)
    ]
    latency = DotProduct(g).latency
    trace = await respond(bench, rows, ["sum"], latency)
    bits = len(dut.sum)
    expected = [unsigned(total, bits) for total in (activations * weights).sum(1).tolist()]
    assert max(abs(total) for total in (activations * weights).sum(1)) == g.rows << 14
    check_latency(expected, trace["sum"], latency, "sum")
