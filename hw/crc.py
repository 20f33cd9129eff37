"""CRC-32 of a body, byte by byte."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

#: CRC-32/ISO-HDLC (IEEE 802.3), bits in the order in which a byte's are sent: lowest first.
POLYNOMIAL = 0xEDB88320
INITIAL = 0xFFFFFFFF
#: What the register holds after a body and its CRC.
RESIDUE = 0xDEBB20E3


class Crc(wiring.Component):
    """Follow a stream of bytes.

    Written as eight shifts of whole words, not as one sum of bits for each bit as in
    `amaranth.lib.crc`: the simulated board compiles in a quarter less time and runs faster.

    Latency 1; one byte a cycle.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                #: The next byte is the first of a body; also without a byte.
                "start": In(1),
                #: Take `data`.
                "valid": In(1),
                "data": In(8),
                #: CRC of the bytes so far.
                "crc": Out(32),
                #: The last four bytes were the CRC of those before.
                "match_detected": Out(1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Shift eight times."""
        m = Module()
        state = Signal(32, init=INITIAL)
        following = Mux(self.start, INITIAL, state)
        for bit in range(8):
            step = Signal(32, name=f"step_{bit}")
            m.d.comb += step.eq(
                (following >> 1) ^ Mux(following[0] ^ self.data[bit], POLYNOMIAL, 0)
            )
            following = step
        with m.If(self.valid):
            m.d.sync += state.eq(following)
        with m.Elif(self.start):
            m.d.sync += state.eq(INITIAL)
        m.d.comb += [
            self.crc.eq(state ^ INITIAL),
            self.match_detected.eq(state == RESIDUE),
        ]
        return m
