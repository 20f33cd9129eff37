"""BoardTop: a whole inference at the level of bits on the UART's pins."""

from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, Timer

from ...arch import memory, packet
from ...arch.memory import Space
from ...arch.packet import Opcode
from ..golden_link import GoldenEndpoint
from .ports import geometry
from .programs import random_program
from .requests import bodies
from .streams import PERIOD_NS, parameters


class Uart:
    """The host's UART."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.bit_ns = parameters()["divisor"] * PERIOD_NS
        self.received = bytearray()
        dut.rx.value = 1
        cocotb.start_soon(self._receive())

    async def send(self, data: bytes) -> None:
        """Send characters without gaps."""
        for byte in data:
            for bit in (0, *(byte >> n & 1 for n in range(8)), 1):
                self.dut.rx.value = bit
                await Timer(self.bit_ns, "ns")

    async def _receive(self) -> None:
        while True:
            await FallingEdge(self.dut.tx)
            await Timer(self.bit_ns * 3 // 2, "ns")
            byte = 0
            for position in range(8):
                byte |= int(self.dut.tx.value) << position
                await Timer(self.bit_ns, "ns")
            assert int(self.dut.tx.value), "no stop bit"
            self.received.append(byte)


async def exchange(uart: Uart, golden: GoldenEndpoint, body: bytes) -> None:
    """Send a request and compare its reply."""
    sent = packet.frame(body)
    expected = bodies(golden.feed(sent))
    uart.received.clear()
    await uart.send(sent)
    for _ in range(20_000):
        if uart.received.count(0) >= len(expected):
            break
        await Timer(uart.bit_ns, "ns")
    assert bodies(bytes(uart.received)) == expected


@cocotb.test()
async def infers_over_the_uart(dut: Any) -> None:
    dut.reset.value = 0
    uart = Uart(dut)
    Clock(dut.clock, PERIOD_NS, unit="ns").start()
    # During the power-on reset nothing is heard.
    await uart.send(packet.frame(packet.request(0, Opcode.RESET)))
    await ClockCycles(dut.clock, parameters()["power_on_cycles"] + 10)
    assert not uart.received
    golden = GoldenEndpoint(geometry(), parameters()["build"], parameters()["clock_hz"])
    program = random_program(geometry(), parameters()["seed"])
    sequence = 250
    for _ in range(2):
        await exchange(uart, golden, packet.request(sequence, Opcode.RESET))
        for space, image in program.images.items():
            width = memory.word_bytes(space, geometry())
            step = packet.max_write_bytes(geometry()) // width * width
            for at in range(0, len(image), step):
                sequence += 1
                body = packet.request(
                    sequence, Opcode.WRITE, space, at // width, data=image[at : at + step]
                )
                await exchange(uart, golden, body)
        await exchange(uart, golden, packet.request(sequence + 1, Opcode.RUN, 0))
        result = packet.request(sequence + 2, Opcode.RESULT, Space.ACTIVATION, *program.result)
        await exchange(uart, golden, result)
        assert int(dut.active.value)
        # The button: the device must be spoken to anew.
        dut.reset.value = 1
        await ClockCycles(dut.clock, 5)
        dut.reset.value = 0
        await ClockCycles(dut.clock, 10)
        golden = GoldenEndpoint(geometry(), parameters()["build"], parameters()["clock_hz"])
        await exchange(uart, golden, packet.request(sequence + 3, Opcode.READ, 0, 0, 1))
