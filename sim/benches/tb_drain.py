"""Drain: every column group of every tile, in order, with its record, at the stated latency."""

from typing import Any

import cocotb

from ...hw.drain import Drain, StepLayout, TileLayout
from .ports import MARGIN, Ports, Row, encode, geometry, split, unsigned
from .streams import Bench


@cocotb.test()
@cocotb.parametrize(gaps=[0, 5])
async def drains_tiles_in_order(dut: Any, gaps: int) -> None:
    """Tiles as close as they may come, or with gaps of up to `gaps` cycles between them."""
    bench, g = Bench(dut), geometry()
    rng, module = bench.rng, Drain(g)
    bits, lanes = g.accumulator_bits, g.requantise_lanes
    rows: list[Row] = []
    #: cycle: (step, parameter address, first column, position)
    expected: dict[int, tuple[int, int, int, int]] = {}
    parameters, last_steps = [0, 0], [0, 0]
    for layer in range(10):
        bank = layer % 2
        parameters[bank] = rng.getrandbits(12)
        last_steps[bank] = rng.randrange(g.column_groups)
        tiles, tile_rows = rng.randint(1, 3), rng.randint(1, 3)
        for row in range(tile_rows):
            second = rng.randrange(g.positions)
            for tile in range(tiles):
                row_end = tile == tiles - 1
                layer_end = row_end and row == tile_rows - 1
                steps = last_steps[bank] + 1 if row_end else g.column_groups
                begin = len(rows)
                fields = {"bank": bank, "second": second}
                rows.append(
                    {
                        "tile": encode(
                            TileLayout,
                            {**fields, "valid": 1, "row_end": row_end, "layer_end": layer_end},
                        ),
                        "parameters": parameters[0] | parameters[1] << 16,
                        "last_steps": last_steps[0] | last_steps[1] << 8,
                    }
                )
                for slot in range(second + 1):
                    for step in range(steps):
                        slot_end = step == steps - 1
                        tile_end = slot_end and slot == second
                        word = encode(
                            StepLayout,
                            {
                                **fields,
                                "valid": 1,
                                "slot": slot,
                                "slot_end": slot_end,
                                "row_end": tile_end and row_end,
                                "layer_end": tile_end and layer_end,
                            },
                        )
                        cycle = begin + 1 + (slot * steps + step) * module.interval
                        address = parameters[bank] + tile * g.column_groups + step
                        expected[cycle] = (word, address, step * lanes, slot)
                need = steps * (second + 1) * module.interval
                # Nothing but `valid` counts in a cycle without a tile.
                rows += [
                    {"tile": rng.getrandbits(TileLayout.size) & ~1}
                    for _ in range(need - 1 + rng.randint(0, gaps))
                ]
    width = bits * g.columns * g.positions
    pooled = [rng.getrandbits(width) for _ in range(len(rows) + MARGIN)]
    rows += [{"tile": 0}] * MARGIN
    ports = Ports(
        bench,
        ["tile", "parameters", "last_steps", "pooled"],
        ["step", "parameter_address", "accumulators"],
    )
    await bench.start()
    ports.send(*({**row, "pooled": word} for row, word in zip(rows, pooled, strict=True)))
    await bench.step(len(rows) + MARGIN)
    for cycle in range(len(rows)):
        observed = ports.trace["step"][cycle]
        if cycle not in expected:
            assert not observed & 1, f"cycle {cycle}: a step that belongs to no tile"
            continue
        word, address, column, position = expected[cycle]
        assert observed == word, f"cycle {cycle}: step {observed:#x}, expected {word:#x}"
        assert ports.trace["parameter_address"][cycle] == address
        selected = [
            pooled[cycle] >> (bits * ((column + lane) * g.positions + position))
            for lane in range(lanes)
        ]
        accumulators = ports.trace["accumulators"][cycle + module.latency]
        assert split(accumulators, bits, lanes) == split(
            sum(unsigned(value, bits) << bits * lane for lane, value in enumerate(selected)),
            bits,
            lanes,
        ), f"cycle {cycle}: columns {column} to {column + lanes - 1} of position {position}"
