"""UART, 8 data bits, no parity, one stop bit."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import cdc, stream, wiring
from amaranth.lib.wiring import In, Out

#: Data bits of a character.
_BITS = 8


def check_divisor(divisor: int) -> None:
    """Refuse a divisor with which the middle of a bit cannot be found.

    Raises
        ValueError: what was given, what is allowed
    """
    if not 4 <= divisor <= 65536:
        raise ValueError(
            f"UART divisor: got {divisor} clock cycles per bit, allowed is 4 to 65536; choose a "
            "lower baud rate or a faster clock"
        )


class UartReceiver(wiring.Component):
    """Receive characters, each bit sampled once in its middle.

    A start bit shorter than half a bit, and a character without stop bit, are dropped; so is one
    that comes while `bytes` still holds the last one (the frame's CRC tells). A byte is offered
    `latency` cycles after the middle of its stop bit has reached the pin.

    Parameters
        divisor : clock cycles per bit
    """

    #: Two cycles of synchronisation, one to register the byte.
    latency = 3

    def __init__(self, divisor: int) -> None:
        check_divisor(divisor)
        self.divisor = divisor
        super().__init__(
            {
                #: The pin, asynchronous, 1 when idle.
                "pin": In(1, init=1),
                #: Characters, held until taken.
                "bytes": Out(stream.Signature(_BITS)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the synchroniser, the bit timer and the shift register."""
        m = Module()
        pin = Signal(init=1)
        m.submodules.synchroniser = cdc.FFSynchronizer(self.pin, pin, init=1)
        timer = Signal(range(self.divisor))
        left = Signal(range(_BITS + 2))
        shift = Signal(_BITS)
        with m.If(self.bytes.ready):
            m.d.sync += self.bytes.valid.eq(0)
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [timer.eq(self.divisor // 2 - 1), left.eq(_BITS + 1)]
                with m.If(~pin):
                    m.next = "BIT"
            with m.State("BIT"), m.If(timer == 0):
                m.d.sync += [timer.eq(self.divisor - 1), left.eq(left - 1)]
                with m.If(left == _BITS + 1), m.If(pin):
                    m.next = "IDLE"
                with m.Elif(left != 0):
                    m.d.sync += shift.eq(Cat(shift[1:], pin))
                with m.Else():
                    # The next start bit may follow within half a bit.
                    m.next = "IDLE"
                    with m.If(~pin):
                        m.next = "BREAK"
                    with m.Elif(~self.bytes.valid | self.bytes.ready):
                        m.d.sync += [self.bytes.valid.eq(1), self.bytes.payload.eq(shift)]
            # The stop bit was missing: the line must be idle again first.
            with m.State("BREAK"), m.If(pin):
                m.next = "IDLE"
        return m


class UartTransmitter(wiring.Component):
    """Transmit characters without a gap between them.

    A start bit begins on the pin `latency` cycles after its byte is taken; a character takes ten
    bits.

    Parameters
        divisor : clock cycles per bit
    """

    latency = 1

    def __init__(self, divisor: int) -> None:
        check_divisor(divisor)
        self.divisor = divisor
        super().__init__(
            {
                #: Characters, taken when the one before has left.
                "bytes": In(stream.Signature(_BITS)),
                #: The pin, 1 when idle.
                "pin": Out(1, init=1),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the bit timer and the shift register."""
        m = Module()
        # Counts down to -1, whose sign tells that the bit is over.
        timer = Signal(signed(self.divisor.bit_length() + 1), init=-1)
        left = Signal(range(_BITS + 3))
        shift = Signal(_BITS)
        over = timer < 0
        m.d.comb += self.bytes.ready.eq((left <= 1) & over)
        with m.If(~over):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(left != 0):
            m.d.sync += [
                timer.eq(self.divisor - 2),
                left.eq(left - 1),
                self.pin.eq(shift[0]),
                shift.eq(Cat(shift[1:], 1)),
            ]
        with m.If(self.bytes.valid & self.bytes.ready):
            m.d.sync += [
                self.pin.eq(0),
                shift.eq(self.bytes.payload),
                timer.eq(self.divisor - 2),
                left.eq(_BITS + 2),
            ]
        return m
