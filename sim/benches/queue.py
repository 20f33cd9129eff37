"""A queue: what goes in comes out, in order, under every pattern of idling and back-pressure."""

from typing import Any

import cocotb

from .streams import Bench, parameters


@cocotb.test()
@cocotb.parametrize(source=[1.0, 0.5, 0.1], sink=[1.0, 0.5, 0.1])
async def keeps_order(dut: Any, source: float, sink: float) -> None:
    bench = Bench(dut)
    feed = bench.source("w_stream", source)
    drain = bench.sink("r_stream", sink)
    await bench.start()
    sent = [bench.rng.getrandbits(parameters()["width"]) for _ in range(100)]
    feed.send(*sent)
    await bench.until(lambda: len(drain.received) == len(sent), limit=10_000)
    assert drain.received == sent
    await bench.step(10)
    assert drain.received == sent
