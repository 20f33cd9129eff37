"""Write back: the place of every output in its tensor."""

from typing import Any

import cocotb

from ...hw.drain import StepLayout
from ...hw.layouts import BanksLayout
from ...hw.write_back import WriteBack
from .ports import MARGIN, Ports, encode, geometry
from .streams import Bench


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.5])
async def places_outputs(dut: Any, idle: float) -> None:
    bench, g = Bench(dut), geometry()
    assert WriteBack(g).signature.members["step"].shape is StepLayout
    rng = bench.rng
    bank_layout = BanksLayout.elem_shape
    rows: list[dict[str, int]] = []
    expected: dict[int, tuple[int, int]] = {}
    banks = [{"destination": 0, "row_words": 0}, {"destination": 0, "row_words": 0}]
    for layer in range(12):
        bank = layer % 2
        tiles, groups = rng.randint(1, 3), rng.randint(1, 5)
        last_steps = rng.randint(1, g.column_groups)
        channels = (tiles - 1) * g.columns + last_steps * g.requantise_lanes
        row_words = -(-channels // g.rows) + rng.randint(0, 2)
        banks[bank] = {"destination": rng.getrandbits(10), "row_words": row_words}
        word = sum(encode(bank_layout, b) << i * bank_layout.size for i, b in enumerate(banks))
        for group in range(0, groups, g.positions):
            second = int(g.positions == 2 and group + 1 < groups)
            for tile in range(tiles):
                steps = last_steps if tile == tiles - 1 else g.column_groups
                for slot in range(second + 1):
                    for step in range(steps):
                        while rng.random() < idle:
                            step_word = rng.getrandbits(StepLayout.size) & ~1
                            rows.append({"step": step_word, "banks": word})
                        slot_end = step == steps - 1
                        row_end = slot_end and slot == second and tile == tiles - 1
                        byte = (banks[bank]["destination"] + (group + slot) * row_words) * g.rows
                        byte += tile * g.columns + step * g.requantise_lanes
                        place = byte // g.rows, byte % g.rows // g.requantise_lanes
                        expected[len(rows)] = place
                        fields = {
                            "valid": 1,
                            "bank": bank,
                            "second": second,
                            "slot": slot,
                            "slot_end": slot_end,
                            "row_end": row_end,
                            "layer_end": row_end and group + g.positions >= groups,
                        }
                        rows.append({"step": encode(StepLayout, fields), "banks": word})
    ports = Ports(bench, ["step", "banks"], ["write_address", "write_group"])
    await bench.start()
    ports.send(*rows)
    await bench.step(len(rows) + MARGIN)
    for cycle, place in expected.items():
        trace = ports.trace
        observed = trace["write_address"][cycle], trace["write_group"][cycle]
        assert observed == place, f"cycle {cycle}: (word, group) {observed}, expected {place}"
