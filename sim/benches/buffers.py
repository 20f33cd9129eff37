"""A memory that is written a word at a time and read every cycle."""

from .ports import Row, check_latency, respond
from .streams import Bench


async def check_buffer(bench: Bench, depth: int, bits: int, output: str, latency: int) -> None:
    """Fill it, then read and write at random; check every word and the latency."""
    rng = bench.rng
    cells = [rng.getrandbits(bits) for _ in range(depth)]
    rows: list[Row] = [
        {"write_enable": 1, "write_address": address, "write_data": word, "address": 0}
        for address, word in enumerate(cells)
    ]
    expected: list[int | None] = [None] * depth
    # The last word that was written is read in the very next cycle.
    address, writes = depth - 1, False
    for _ in range(600):
        target, word = rng.randrange(depth), rng.getrandbits(bits)
        # A word that is read while it is written is not defined.
        expected.append(None if writes and target == address else cells[address])
        rows.append(
            {
                "write_enable": int(writes),
                "write_address": target,
                "write_data": word,
                "address": address,
            }
        )
        if writes:
            cells[target] = word
        address = target if rng.random() < 0.5 else rng.randrange(depth)
        writes = rng.random() < 0.5
    trace = await respond(bench, rows, [output], latency)
    check_latency(expected, trace[output], latency, output)
