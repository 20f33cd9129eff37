"""The link's device side: requests in, executed in order, replies out (see arch.packet)."""

from collections.abc import Iterator
from contextlib import contextmanager

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from ..arch.memory import Space
from ..arch.packet import FIELDS, Opcode, Status
from .frame_receiver import FrameReceiver
from .frame_sender import FrameSender
from .layouts import BodyLayout, CountersLayout, write_layout
from .loader import Loader, past_end
from .responder import Content, Responder
from .stream_register import StreamRegister

#: Bits of all fields of a request; the last field's end is at the top.
_FIELD_BITS = 8 * max(fields.size for fields in FIELDS.values())


class Endpoint(wiring.Component):
    """Execute requests in order and reply to each.

    One byte a cycle each way at best; the next request is looked at when the reply of the one
    before is in the sender's ring. Requests wait in the receiver's ring meanwhile: `rx` pauses a
    few cycles after each frame (FrameReceiver.pause) and never for longer.

    Parameters
        geometry : of the accelerator
        build, clock_hz : fields of the identity
    """

    def __init__(self, geometry: Geometry, build: int = 0, clock_hz: int = 0) -> None:
        self.geometry = geometry
        self.build = build
        self.clock_hz = clock_hz
        super().__init__(
            {
                #: Bytes of the link, from and to the host.
                "rx": In(stream.Signature(8)),
                "tx": Out(stream.Signature(8)),
                #: 1 for one cycle after a RESET: the core must return to idle.
                "soft_reset": Out(1),
                #: To the memories of the core.
                "write": Out(stream.Signature(write_layout(geometry))),
                #: Activation words from the core, one for each address, in order.
                "read_address": Out(stream.Signature(16)),
                "read_data": In(stream.Signature(8 * geometry.rows)),
                #: 1 for one cycle, in which `ready` is 1: run the program at word `entry`.
                "start": Out(1),
                "entry": Out(16),
                "ready": In(1),
                #: The core is not running.
                "idle": In(1),
                #: Of the last run, stable while `idle`.
                "counters": In(CountersLayout),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build receiver, sender, loader, responder and what steers them."""
        m = Module()
        reset = self.soft_reset
        m.submodules.receiver = receiver = FrameReceiver(self.geometry.link_bytes)
        m.submodules.sender = sender = FrameSender()
        loader = Loader(self.geometry)
        responder = Responder(self.geometry, self.build, self.clock_hz)
        m.submodules.loader = ResetInserter(reset)(loader)
        m.submodules.responder = ResetInserter(reset)(responder)
        wiring.connect(m, wiring.flipped(self.rx), receiver.encoded)
        wiring.connect(m, wiring.flipped(self.tx), sender.encoded)
        wiring.connect(m, wiring.flipped(self.write), loader.write)
        address = StreamRegister(16)
        m.submodules.address = ResetInserter(reset)(address)
        wiring.connect(m, responder.read_address, address.w_stream)
        wiring.connect(m, address.r_stream, wiring.flipped(self.read_address))
        wiring.connect(m, wiring.flipped(self.read_data), responder.read_data)
        reply = StreamRegister(BodyLayout)
        m.submodules.reply = ResetInserter(reset)(reply)
        wiring.connect(m, responder.body, reply.w_stream)
        wiring.connect(m, reply.r_stream, sender.body)
        data = StreamRegister(8)
        m.submodules.data = ResetInserter(reset)(data)
        wiring.connect(m, data.r_stream, loader.bytes)
        m.d.comb += [
            reset.eq(receiver.reset),
            sender.abort.eq(reset),
            responder.counters.eq(self.counters),
        ]
        self._execute(m, receiver, data, loader, responder)
        return m

    def _execute(
        self,
        m: Module,
        receiver: FrameReceiver,
        data: StreamRegister,
        loader: Loader,
        responder: Responder,
    ) -> None:
        geometry = self.geometry
        body = receiver.body
        sequence, expected, opcode = Signal(8), Signal(8), Signal(8)
        synchronised = Signal()  # a RESET has come since configuration
        fields = Signal(_FIELD_BITS)
        missing = Signal(range(_FIELD_BITS // 8 + 1))  # bytes of the fields still to come
        ended = Signal()  # the body has
        repeat = Signal()  # executed before
        status = Signal(range(max(Status) + 1))
        content = Signal(Content)
        # Fields are shifted in from the top, so their place depends on what follows them.
        count = fields[-16:]
        address = Signal(16)
        is_write, is_read = opcode == Opcode.WRITE, Signal()
        is_free = (opcode == Opcode.IDENTIFY) | (opcode == Opcode.RESET)
        distance = Signal(8)
        # Of the fields that stand since the cycle before: they are checked in four cycles.
        past_activations, past_program = Signal(), Signal()
        fault = Signal.like(status)
        m.d.comb += [
            self.entry.eq(address),
            loader.space.eq(fields[16:24]),
            loader.address.eq(address),
            loader.execute.eq(~repeat),
            data.w_stream.payload.eq(body.payload.data),
            responder.sequence.eq(sequence),
            responder.status.eq(status),
            responder.content.eq(content),
            responder.counted.eq(opcode == Opcode.RESULT),
            responder.expected.eq(expected),
            responder.address.eq(address),
            responder.count.eq(count),
        ]
        m.d.sync += [
            is_read.eq((opcode == Opcode.READ) | (opcode == Opcode.RESULT)),
            address.eq(Mux(is_read, fields[8:24], fields[-16:])),
            distance.eq(sequence - expected),
            past_activations.eq(address + count > geometry.activation_words),
            past_program.eq(past_end(address, geometry.program_words)),
            fault.eq(Status.OK),
        ]
        with m.If(~synchronised & ~is_free):
            m.d.sync += fault.eq(Status.RESTARTED)
        with m.Elif((distance != 0) & ~distance[7] & ~is_free):
            m.d.sync += fault.eq(Status.SEQUENCE)
        with m.Elif(opcode > max(Opcode)):
            m.d.sync += fault.eq(Status.OPCODE)
        with m.Elif((missing != 0) | (~ended & ~is_write)):
            m.d.sync += fault.eq(Status.LENGTH)
        with m.Elif(is_write & (fields[16:24] > max(Space))):
            m.d.sync += fault.eq(Status.SPACE)
        with m.Elif(is_read & (fields[:8] != Space.ACTIVATION)):
            m.d.sync += fault.eq(Status.SPACE)
        with m.Elif(is_read & (count != 0) & past_activations):
            m.d.sync += fault.eq(Status.ADDRESS)
        with m.Elif((opcode == Opcode.RUN) & past_program):
            m.d.sync += fault.eq(Status.ADDRESS)

        @contextmanager
        def state(name: str) -> Iterator[None]:
            """Open a state that a RESET ends."""
            with m.State(name):
                yield
                with m.If(receiver.reset):
                    m.next = "RESET"

        with m.FSM():
            with state("SEQUENCE"):
                m.d.comb += body.ready.eq(1)
                m.d.sync += sequence.eq(body.payload.data)
                with m.If(body.valid):
                    m.next = "OPCODE"
            with state("OPCODE"):
                m.d.comb += body.ready.eq(1)
                m.d.sync += [
                    opcode.eq(body.payload.data),
                    ended.eq(body.payload.last),
                    missing.eq(0),
                ]
                with m.Switch(body.payload.data):
                    for each, struct in FIELDS.items():
                        with m.Case(each):
                            m.d.sync += missing.eq(struct.size)
                with m.If(body.valid):
                    m.next = "FIELDS"
            with state("FIELDS"):
                with m.If((missing == 0) | ended):
                    m.next = "SELECT"
                with m.Else():
                    m.d.comb += body.ready.eq(1)
                    with m.If(body.valid):
                        m.d.sync += [
                            fields.eq(Cat(fields[8:], body.payload.data)),
                            missing.eq(missing - 1),
                            ended.eq(body.payload.last),
                        ]
            with state("SELECT"):
                m.next = "COMPARE"
            with state("COMPARE"):
                m.next = "JUDGE"
            with state("JUDGE"):
                m.next = "CHECK"
            with state("CHECK"):
                m.d.comb += loader.start.eq(1)
                m.d.sync += [
                    status.eq(fault),
                    content.eq(Content.NOTHING),
                    repeat.eq(distance != 0),
                ]
                with m.If(synchronised & (distance == 0)):
                    m.d.sync += expected.eq(expected + 1)
                with m.If(fault == Status.SEQUENCE):
                    m.d.sync += content.eq(Content.EXPECTED)
                with m.If(fault != Status.OK):
                    m.next = "DRAIN"
                with m.Elif(is_write):
                    m.next = "WRITE"
                with m.Elif(opcode == Opcode.IDENTIFY):
                    m.d.sync += content.eq(Content.IDENTITY)
                    m.next = "REPLY"
                with m.Elif(is_read):
                    m.d.sync += content.eq(Content.WORDS)
                    m.next = "WAIT"
                with m.Else():
                    m.next = "WAIT"
            with state("DRAIN"):
                m.d.comb += body.ready.eq(~ended)
                m.d.sync += ended.eq(ended | (body.valid & body.payload.last))
                with m.If(ended):
                    m.next = "REPLY"
            with state("WRITE"):
                m.d.comb += [
                    data.w_stream.valid.eq(body.valid & ~ended),
                    body.ready.eq(data.w_stream.ready & ~ended),
                ]
                with m.If(body.valid & body.ready):
                    m.d.sync += ended.eq(body.payload.last)
                with m.If(ended & ~data.r_stream.valid & ~loader.busy):
                    with m.If(loader.beyond):
                        m.d.sync += status.eq(Status.ADDRESS)
                    with m.Elif(loader.partial):
                        m.d.sync += status.eq(Status.LENGTH)
                    m.next = "REPLY"
            with state("WAIT"):
                # READ, and a RUN that is repeated, wait for nothing.
                is_run = opcode == Opcode.RUN
                free = (opcode == Opcode.READ) | (is_run & repeat)
                with m.If(free | Mux(is_run, self.ready, self.idle)):
                    m.d.comb += self.start.eq(is_run & ~repeat)
                    m.next = "REPLY"
            with state("REPLY"):
                m.d.comb += responder.start.eq(1)
                m.next = "REPLIED"
            with state("REPLIED"), m.If(responder.idle):
                m.next = "SEQUENCE"
            with state("RESET"):
                m.d.sync += [status.eq(Status.OK), content.eq(Content.IDENTITY)]
                m.next = "REPLY"
        with m.If(receiver.reset):
            m.d.sync += [
                synchronised.eq(1),
                sequence.eq(receiver.reset_sequence),
                expected.eq(receiver.reset_sequence + 1),
            ]
