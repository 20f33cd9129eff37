"""The accelerator without its link: array, buffers, requantise lanes, sequencer."""

from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from ..arch.memory import Space
from .activation_buffer import ActivationBuffer
from .array import Array
from .delay import delayed
from .drain import Drain, delayed_steps
from .issue import Issue
from .iterative_requantise import IterativeRequantise
from .layouts import CountersLayout, write_layout
from .parameter_buffer import ParameterBuffer
from .requantise import OutputLayout, Requantise
from .sequencer import Sequencer
from .write_back import WriteBack


class Core(wiring.Component):
    """Run programs on what is written into its memories.

    Throughput: one activation word for each position and one weight word a cycle. Cycles of a
    program: `arch.timing.predict`.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        super().__init__(
            {
                #: Writes into any space. Activations wait for cycles without outputs, weights in
                #: single-port RAM for cycles without words.
                "write": In(stream.Signature(write_layout(geometry))),
                #: Activation words to read, and the words in order.
                "read_address": In(stream.Signature(16)),
                "read_data": Out(stream.Signature(8 * geometry.rows)),
                #: Start at program word `entry`; taken while `ready`.
                "start": In(1),
                "entry": In(16),
                "ready": Out(1),
                "idle": Out(1),
                #: Stable while `idle`.
                "counters": Out(CountersLayout),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Connect the stages."""
        m = Module()
        geometry = self.geometry
        m.submodules.sequencer = sequencer = Sequencer(geometry)
        m.submodules.issue = issue = Issue(geometry)
        m.submodules.activations = activations = ActivationBuffer(geometry)
        m.submodules.array = array = Array(geometry)
        m.submodules.drain = drain = Drain(geometry)
        m.submodules.parameters = parameters = ParameterBuffer(geometry)
        m.submodules.write_back = write_back = WriteBack(geometry)
        wiring.connect(m, wiring.flipped(self.read_address), activations.link_read_address)
        wiring.connect(m, activations.link_read_data, wiring.flipped(self.read_data))

        m.d.comb += [
            sequencer.start.eq(self.start),
            sequencer.entry.eq(self.entry),
            self.ready.eq(sequencer.ready),
            self.idle.eq(sequencer.idle),
            self.counters.eq(sequencer.counters),
        ]
        for name in ("layer", "load", "bank", "source_ready", "watermark"):
            m.d.comb += getattr(issue, name).eq(getattr(sequencer, name))
        for name in ("done", "waiting", "busy", "stall_data", "stall_drain"):
            m.d.comb += getattr(sequencer, name).eq(getattr(issue, name))

        # Into the array. The pad outlives its layer by the memory's latency.
        with m.If(sequencer.load):
            m.d.sync += activations.pad.eq(sequencer.layer.pad)
        m.d.comb += [
            # Also while a word waits: the port belongs to it.
            activations.read_enable.eq(issue.waiting),
            activations.read_padding.eq(issue.padding),
            array.weight_enable.eq(delayed(m, issue.busy, timing.PADDING, "weight_enable")),
            array.weight_address.eq(
                delayed(m, issue.weight_address, timing.PADDING, "weight_address", reset_less=True)
            ),
            array.activations.eq(activations.activations),
            array.control.eq(delayed(m, issue.control, ActivationBuffer.latency, "control")),
        ]

        for position in range(geometry.positions):
            m.d.comb += activations.read_address[position].eq(issue.address[position])

        # Out of the array: a tile is announced one cycle before its first group is ready.
        announced = timing.drain(geometry) - 1
        m.d.comb += [
            drain.tile.eq(delayed(m, issue.tile, announced, "tile")),
            drain.pooled.eq(array.pooled),
            parameters.address.eq(drain.parameter_address),
        ]
        for bank in range(2):
            m.d.comb += [
                drain.parameters[bank].eq(sequencer.banks[bank].parameters),
                drain.last_steps[bank].eq(sequencer.banks[bank].last_steps),
            ]
        written_in = timing.write_back(geometry)
        leaves_in = written_in - timing.wire_registers(geometry)
        steps = delayed_steps(m, drain.step, geometry.requantise_interval, written_in)
        selected = steps[timing.SELECT].valid
        ranged = steps[leaves_in - timing.ranged(geometry)]
        leaving, writing = steps[leaves_in], steps[written_in - 1]
        outputs = []
        for lane in range(geometry.requantise_lanes):
            requantise = (
                IterativeRequantise(geometry)
                if geometry.requantise_interval > 1
                else Requantise(geometry)
            )
            m.submodules[f"requantise_{lane}"] = requantise
            m.d.comb += [
                requantise.valid.eq(selected),
                requantise.accumulator.eq(drain.accumulators[lane]),
                requantise.record.eq(parameters.records[lane]),
            ]
            for name in OutputLayout.members:
                m.d.comb += requantise.output_range[name].eq(sequencer.banks[ranged.bank][name])
            outputs.append(requantise.output)
        m.d.comb += [
            sequencer.writing.eq(writing),
            write_back.step.eq(leaving),
            write_back.banks.eq(sequencer.banks),
            activations.write_enable.eq(leaving.valid),
            activations.write_address.eq(write_back.write_address),
            activations.write_group.eq(write_back.write_group),
            activations.write_data.eq(Cat(outputs)),
        ]

        self._writes(m, activations, array, parameters, sequencer)
        return m

    def _writes(
        self,
        m: Module,
        activations: ActivationBuffer,
        array: Array,
        parameters: ParameterBuffer,
        sequencer: Sequencer,
    ) -> None:
        """Send each write to its space."""
        write = self.write.payload
        m.d.comb += [
            activations.link_write.p.address.eq(write.address),
            activations.link_write.p.data.eq(write.data),
            array.write_address.eq(write.address),
            array.write_column.eq(write.column),
            array.write_data.eq(write.data),
            parameters.write_address.eq(write.address),
            parameters.write_data.eq(write.data),
            sequencer.write_address.eq(write.address),
            sequencer.write_data.eq(write.data),
        ]
        with m.Switch(write.space):
            with m.Case(Space.ACTIVATION):
                m.d.comb += [
                    activations.link_write.valid.eq(self.write.valid),
                    self.write.ready.eq(activations.link_write.ready),
                ]
            with m.Case(Space.WEIGHT):
                m.d.comb += [
                    array.write_enable.eq(self.write.valid),
                    self.write.ready.eq(array.write_ready),
                ]
            with m.Case(Space.PARAMETER):
                m.d.comb += [parameters.write_enable.eq(self.write.valid), self.write.ready.eq(1)]
            with m.Case(Space.PROGRAM):
                m.d.comb += [sequencer.write_enable.eq(self.write.valid), self.write.ready.eq(1)]
