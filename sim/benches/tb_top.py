"""Top: packets in, results out, as the golden endpoint gives them; resets at any cycle."""

from typing import Any

import cocotb

from ...arch import packet
from ...arch.memory import Space
from ...arch.packet import Opcode
from ..golden_link import GoldenEndpoint
from .ports import geometry
from .programs import random_program
from .requests import Host, random_requests
from .streams import Bench


def host(dut: Any, source: float = 1.0, sink: float = 1.0) -> Host:
    bench = Bench(dut)
    golden = GoldenEndpoint(geometry())
    return Host(bench, golden, bench.source("rx", source), bench.sink("tx", sink))


async def run_program(this: Host, seed: int) -> None:
    """Load a random program, run it twice, and compare its results."""
    program = random_program(geometry(), seed)
    for space, image in program.images.items():
        await this.write(space, program.origins[space], image)
    for _ in range(2):
        await this.request(Opcode.RUN, 0)
        await this.request(Opcode.RESULT, Space.ACTIVATION, *program.result)


@cocotb.test()
@cocotb.parametrize(source=[1.0, 0.3], sink=[1.0, 0.3])
async def runs_programs(dut: Any, source: float, sink: float) -> None:
    this = host(dut, source, sink)
    await this.bench.start()
    await this.reset()
    for index in range(2):
        await run_program(this, this.bench.seed + index)


@cocotb.test()
async def answers_requests_of_all_kinds(dut: Any) -> None:
    this = host(dut)
    await this.bench.start()
    await this.reset()
    await this.clear()
    # What a program memory full of anything computes is not the link's business.
    await random_requests(this, 60, lambda body: body[1] != Opcode.RUN)


@cocotb.test()
async def pipelined_requests(dut: Any) -> None:
    """All requests of one inference at once, as far as the receive buffer holds them."""
    this = host(dut)
    await this.bench.start()
    await this.reset()
    await run_program(this, this.bench.seed)
    program = random_program(geometry(), this.bench.seed)
    requests = [
        packet.request(this.sequence, Opcode.RUN, 0),
        packet.request(this.sequence + 1, Opcode.RESULT, Space.ACTIVATION, *program.result),
        packet.request(this.sequence + 2, Opcode.RUN, 0),
        packet.request(this.sequence + 3, Opcode.RESULT, Space.ACTIVATION, *program.result),
    ]
    await this.exchange(b"".join(map(packet.frame, requests)))


@cocotb.test()
async def reset_request_at_any_cycle(dut: Any) -> None:
    """A RESET interrupts whatever goes on; afterwards everything works."""
    this = host(dut)
    await this.bench.start()
    await this.reset()
    for index in range(12):
        program = random_program(geometry(), this.bench.seed + index)
        await this.write(Space.PROGRAM, 0, program.images[Space.PROGRAM])
        requests = [
            packet.request(this.sequence, Opcode.RUN, 0),
            packet.request(this.sequence + 1, Opcode.READ, Space.ACTIVATION, 0, 8),
            packet.request(this.sequence + 2, Opcode.RESULT, Space.ACTIVATION, 0, 8),
        ]
        this.rx.send(*b"".join(map(packet.frame, requests)))
        await this.bench.until(lambda: not this.rx.waiting, 10_000)
        await this.bench.step(this.bench.rng.randrange(200))
        this.sequence = this.bench.rng.randrange(256)
        this.rx.send(*packet.frame(packet.request(this.sequence, Opcode.RESET)))
        await this.bench.until(lambda: not this.rx.waiting, 10_000)
        await this.bench.step(1500)
        last = bytes(this.tx.received).rstrip(b"\0").split(b"\0")[-1]
        assert packet.unframe(last)[0] == this.sequence, "the RESET was not answered"
        await this.reset()
        await run_program(this, this.bench.seed + index)


@cocotb.test()
async def hardware_reset_at_any_cycle(dut: Any) -> None:
    this = host(dut)
    await this.bench.start()
    for index in range(4):
        await this.reset()
        program = random_program(geometry(), this.bench.seed + index)
        await this.write(Space.PROGRAM, 0, program.images[Space.PROGRAM])
        this.rx.send(*packet.frame(packet.request(this.sequence, Opcode.RUN, 0)))
        this.rx.send(*packet.frame(packet.request(this.sequence + 1, Opcode.READ, 0, 0, 8)))
        await this.bench.step(this.bench.rng.randrange(100))
        await this.bench.reset()
        this.golden = GoldenEndpoint(geometry())
        # It knows again that it was not spoken to yet.
        await this.exchange(packet.frame(packet.request(7, Opcode.READ, 0, 0, 1)))
        await this.reset()
        await run_program(this, this.bench.seed + index)
