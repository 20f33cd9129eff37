"""A primitive's model: its outputs in every cycle are those that the test worked out."""

import json
from pathlib import Path
from typing import Any

import cocotb

from .ports import respond
from .streams import Bench, parameters


@cocotb.test()
async def behaves(dut: Any) -> None:
    vectors = json.loads(Path(parameters()["vectors"]).read_text(encoding="utf-8"))
    expected = vectors["expected"]
    trace = await respond(Bench(dut), vectors["rows"], sorted(expected), 0)
    for name, values in expected.items():
        for cycle, value in enumerate(values):
            if value is not None:
                got = trace[name][cycle]
                assert got == value, f"{name}, cycle {cycle}: expected {value:#x}, got {got:#x}"
