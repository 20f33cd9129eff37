"""Weight buffer: words as they were written, a read every cycle while others are written."""

from typing import Any

import cocotb

from ...hw.weight_buffer import WeightBuffer
from .buffers import check_buffer
from .ports import geometry
from .streams import Bench


@cocotb.test()
async def keeps_words(dut: Any) -> None:
    g = geometry()
    await check_buffer(Bench(dut), g.weight_words, 8 * g.rows, "weights", WeightBuffer.latency)
