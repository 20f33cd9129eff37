"""Single-port memory: a write waits for a cycle without a read, and no read is disturbed."""

from typing import Any

import cocotb

from ...hw.parts.ice40 import SinglePortMemory
from .ports import MARGIN, Ports, check_latency
from .streams import Bench, parameters


@cocotb.test()
@cocotb.parametrize(share=[0.3, 0.6, 0.95])
async def reads_and_writes(dut: Any, share: float) -> None:
    bench, given = Bench(dut), parameters()
    width, depth = given["width"], given["depth"]
    rng = bench.rng
    ports = Ports(
        bench,
        ["read_enable", "address", "write_enable", "write_address", "write_data"],
        ["data", "write_ready"],
    )
    await bench.start()
    used = min(depth, 40)
    cells = {address: rng.getrandbits(width) for address in (*range(used - 1), depth - 1)}
    addresses = sorted(cells)
    expected: list[int | None] = []
    begin = len(ports.trace["data"])
    writes = list(cells.items())
    known: dict[int, int] = {}
    accepted = 0
    pending: tuple[int, int] | None = None
    for _ in range(1500):
        if pending is None and (len(known) < len(cells) or rng.random() < 0.5):
            pending = writes.pop() if writes else (rng.choice(addresses), rng.getrandbits(width))
        reads = rng.random() < share
        address = rng.choice(addresses)
        ports.send(
            {
                "read_enable": int(reads),
                "address": address,
                "write_enable": int(pending is not None),
                "write_address": pending[0] if pending else rng.choice(addresses),
                "write_data": pending[1] if pending else rng.getrandbits(width),
            }
        )
        await bench.step(1)
        # A read in the cycle in which a write is taken, or after it, sees the new word.
        if ports.trace["write_ready"][-1] and pending is not None:
            known[pending[0]] = pending[1]
            pending, accepted = None, accepted + 1
        expected.append(known.get(address) if reads else None)
    assert accepted > len(cells)
    ports.send({"read_enable": 0})
    await bench.step(SinglePortMemory.latency + MARGIN)
    check_latency(expected, ports.trace["data"][begin:], SinglePortMemory.latency, "data")


@cocotb.test()
async def waits_for_reads(dut: Any) -> None:
    """Hold back a write as long as every cycle has a read."""
    bench = Bench(dut)
    ports = Ports(
        bench,
        ["read_enable", "address", "write_enable", "write_address", "write_data"],
        ["write_ready"],
    )
    await bench.start()
    ports.send({"read_enable": 1, "write_enable": 1, "write_address": 1, "write_data": 3})
    await bench.step(100)
    assert not any(ports.trace["write_ready"])
    ports.send({"read_enable": 0})
    await bench.step(4)
    assert any(ports.trace["write_ready"])
