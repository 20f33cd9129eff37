"""The sequencer: reads layer descriptors, starts layers, knows what is written, counts cycles."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.descriptor import BITS, FIELDS, WORD_BITS, WORDS, used_bits
from ..arch.geometry import Geometry
from .drain import StepLayout
from .layouts import BanksLayout, CountersLayout, DescriptorLayout
from .parts.memory import BlockMemory


class Sequencer(wiring.Component):
    """Run the layers of a program, the next one while the one before still drains.

    At most two layers are in flight: the one that is issued and the one before. Each has a bank
    that keeps what the write-back side needs of it.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        super().__init__(
            {
                #: Start at program word `entry`; taken while `ready`.
                "start": In(1),
                "entry": In(16),
                "idle": Out(1),
                #: A start is taken: while `idle`, and where the run goes on with another program.
                "ready": Out(1),
                #: Of the run since `start`, or of the last one.
                "counters": Out(CountersLayout),
                #: One program word to write, taken in the cycle in which `write_enable` is 1.
                "write_enable": In(1),
                "write_address": In(16),
                "write_data": In(WORD_BITS),
                #: To and from the issue stage.
                "layer": Out(DescriptorLayout),
                "load": Out(1),
                "bank": Out(1),
                "source_ready": Out(1),
                "watermark": Out(16),
                "done": In(1),
                "waiting": In(1),
                "busy": In(1),
                "stall_data": In(1),
                "stall_drain": In(1),
                #: To the write-back side: the two layers in flight.
                "banks": Out(BanksLayout),
                #: The step whose outputs are written in the next cycle.
                "writing": In(StepLayout),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build state machine, scoreboard and counters."""
        m = Module()
        m.submodules.memory = memory = BlockMemory(WORD_BITS, self.geometry.program_words)
        address = Signal(16)
        m.d.comb += [
            memory.address[0].eq(address),
            memory.write_enable.eq(self.write_enable),
            memory.write_address.eq(self.write_address),
            memory.write_data.eq(self.write_data),
        ]
        # All words but the last one, which stands at the memory's output for as long as the layer
        # runs.
        words = Signal(BITS - WORD_BITS, reset_less=True)
        fetched = Signal(range(timing.FETCH))
        in_flight = Signal(2)
        read_layer = data.View(DescriptorLayout, Cat(words, memory.data[0]))
        for field in FIELDS:
            # The bits that nobody needs are no registers.
            used, stored = used_bits(field, self.geometry), read_layer[field.name]
            low = stored[:used]
            m.d.comb += self.layer[field.name].eq(low.as_signed() if field.signed else low)

        fetching = Signal()
        waiting = Signal()
        tail = Signal()
        link_wait = Signal()
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.idle.eq(1), self.ready.eq(1)]
                with m.If(self.start):
                    m.d.sync += address.eq(self.entry)
                    m.next = "FETCH"
            with m.State("FETCH"):
                m.d.comb += fetching.eq(1)
                m.d.sync += fetched.eq(fetched + 1)
                with m.If(fetched < WORDS - 1):
                    m.d.sync += address.eq(address + 1)
                for word in range(WORDS - 1):
                    with m.If(fetched == word + memory.latency):
                        m.d.sync += words.word_select(word, WORD_BITS).eq(memory.data[0])
                with m.If(fetched == timing.FETCH - 1):
                    m.d.sync += fetched.eq(0)
                    m.next = "LOAD"
            with m.State("LOAD"):
                m.d.comb += [
                    waiting.eq(in_flight == 2),
                    fetching.eq(~waiting),
                    self.load.eq(~waiting),
                ]
                with m.If(~waiting):
                    m.next = "RUN"
            with m.State("RUN"):
                m.d.comb += fetching.eq(~self.waiting)
                with m.If(self.done & self.layer.last):
                    m.next = "TAIL"
                with m.Elif(self.done):
                    m.d.sync += address.eq(address + 1)
                    m.next = "FETCH"
            with m.State("TAIL"):
                m.d.comb += tail.eq(1)
                with m.If(in_flight == 0):
                    m.d.sync += self.counters.runs.eq(self.counters.runs + 1)
                    m.next = "IDLE"
                    with m.If(self.layer.more):
                        m.next = "MORE"
            with m.State("MORE"):
                m.d.comb += [self.ready.eq(1), link_wait.eq(1)]
                with m.If(self.start):
                    m.d.sync += address.eq(self.entry)
                    m.next = "FETCH"

        self._scoreboard(m, in_flight)
        causes = {
            "busy": self.busy,
            "stall_drain": self.stall_drain | waiting,
            "stall_data": self.stall_data,
            "fetch": fetching,
            "tail": tail,
            "link_wait": link_wait,
        }
        for name, cause in {"total": ~self.idle, **causes}.items():
            counter = self.counters[name]
            with m.If(self.start & self.idle):
                m.d.sync += counter.eq(0)
            with m.Elif(cause):
                m.d.sync += counter.eq(counter + 1)
        return m

    def _scoreboard(self, m: Module, in_flight: Signal) -> None:
        """Keep what is written: the layers in flight and the rows of the older one."""
        oldest = Signal()
        layer_end = self.writing.valid & self.writing.layer_end
        row_end = self.writing.valid & self.writing.row_end
        next_bank = Signal()  # of the layer that is loaded next
        # A layer whose sums stay in the accumulators writes nothing.
        loads = Signal()
        m.d.comb += loads.eq(self.load & ~self.layer.hold)
        m.d.sync += in_flight.eq(in_flight + loads - layer_end)
        with m.If(layer_end):
            m.d.sync += [oldest.eq(~oldest), self.watermark.eq(self.banks[~oldest].destination)]
        with m.Elif(row_end):
            row_words = self.banks[oldest].row_words << self.writing.second
            m.d.sync += self.watermark.eq(self.watermark + row_words)
        with m.If(loads):
            m.d.sync += [next_bank.eq(~next_bank), self.bank.eq(next_bank)]
            for name in BanksLayout.elem_shape.members:
                m.d.sync += self.banks[next_bank][name].eq(self.layer[name])
            with m.If((in_flight == 0) | ((in_flight == 1) & layer_end)):
                m.d.sync += self.watermark.eq(self.layer.destination)
        m.d.comb += self.source_ready.eq(Mux(self.layer.hold, in_flight == 0, in_flight == 1))
