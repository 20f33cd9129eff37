"""Block memory: every reader's words while parts of others are written, at the stated latency."""

from typing import Any

import cocotb

from ...hw.parts.memory import BlockMemory
from .ports import Row, check_latency, join, respond, unsigned
from .streams import Bench, parameters


@cocotb.test()
async def keeps_words(dut: Any) -> None:
    bench, given = Bench(dut), parameters()
    width, depth, parts, readers = (given[n] for n in ("width", "depth", "parts", "readers"))
    address_bits, part = (depth - 1).bit_length(), width // parts
    rng = bench.rng
    cells = [rng.getrandbits(width) for _ in range(depth)]
    whole = (1 << parts) - 1
    rows: list[Row] = [
        {"write_enable": whole, "write_address": address, "write_data": word}
        for address, word in enumerate(cells)
    ]
    expected: list[list[int | None]] = [[None] * depth for _ in range(readers)]
    last = depth - 1
    before: list[int] = []
    for _ in range(1000):
        target, word = rng.randrange(depth), rng.getrandbits(width)
        enable = rng.choice([0, whole, rng.getrandbits(parts)])
        # What was written last is read in the very next cycle.
        addresses = [last if rng.random() < 0.5 else rng.randrange(depth) for _ in range(readers)]
        for reader, address in enumerate(addresses):
            expected[reader].append(None if enable and address == target else cells[address])
            # Nor is it defined when it is written in the cycle after its address.
            if before and enable and before[reader] == target:
                expected[reader][-2] = None
        before = addresses
        rows.append(
            {
                "address": join(addresses, address_bits),
                "write_enable": enable,
                "write_address": target,
                "write_data": word,
            }
        )
        mask = sum(unsigned(-1, part) << i * part for i in range(parts) if enable >> i & 1)
        cells[target] = cells[target] & ~mask | word & mask
        last = target
    trace = await respond(bench, rows, ["data"], BlockMemory.latency)
    for reader in range(readers):
        seen = [unsigned(word >> reader * width, width) for word in trace["data"]]
        check_latency(expected[reader], seen, BlockMemory.latency, f"data[{reader}]")
