"""Parameter buffer: records as arch.memory packs them, a read every cycle."""

from typing import Any

import cocotb

from ...arch.memory import RECORD_BYTES, Record, Rounding
from ...hw.parameter_buffer import ParameterBuffer, RecordLayout
from .buffers import check_buffer
from .ports import decode, geometry, respond, signed
from .streams import Bench


@cocotb.test()
async def keeps_words(dut: Any) -> None:
    g = geometry()
    bits = 8 * RECORD_BYTES * g.requantise_lanes
    await check_buffer(Bench(dut), g.parameter_words, bits, "records", ParameterBuffer.latency)


@cocotb.test()
async def reads_the_fields_of_a_record(dut: Any) -> None:
    bench, g = Bench(dut), geometry()
    records = [
        Record(
            bias=bench.rng.randint(-(1 << 31), (1 << 31) - 1),
            multiplier=bench.rng.getrandbits(31),
            rounding=Rounding(bench.rng.getrandbits(1)),
            left=bench.rng.getrandbits(3),
            right=bench.rng.getrandbits(5),
        )
        for _ in range(g.requantise_lanes)
    ]
    word = int.from_bytes(b"".join(record.pack() for record in records), "little")
    rows = [
        {"write_enable": 1, "write_address": 1, "write_data": word},
        {"write_enable": 0, "address": 1},
    ]
    trace = await respond(bench, rows, ["records"], ParameterBuffer.latency)
    read = trace["records"][1 + ParameterBuffer.latency]
    for lane, record in enumerate(records):
        fields = decode(RecordLayout, read >> (lane * RecordLayout.size))
        fields["bias"] = signed(fields["bias"], 32)
        assert fields == {**record._asdict(), "rounding": int(record.rounding)}
