"""The loops of a layer: which activation word and which weight word go into the array, and when."""

from typing import NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch.descriptor import FIELD, address_bits, used_bits
from ..arch.geometry import Geometry
from .accumulator import Control
from .drain import TileLayout
from .layouts import DescriptorLayout


class _Loops(NamedTuple):
    """A bit for each loop around the lines of the kernel."""

    window: Signal
    tile: Signal
    row: Signal


class Issue(wiring.Component):
    """Walk the loops of arch.descriptor, and release one word a cycle.

    The loops hold the next word, the gate the one before it, until that is released: not in the
    cycle after its activations were missing (`stall_data`), and not at the end of a reduction while
    the tile before it drains (`stall_drain`). The first word may be released `timing.LOAD` cycles
    after `load`.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        address = (geometry.activation_words - 1).bit_length()
        super().__init__(
            {
                #: The layer; stable from `load` until `done`.
                "layer": In(DescriptorLayout),
                #: Start the loops.
                "load": In(1),
                #: Bank of the layer, passed on with its tiles.
                "bank": In(1),
                #: All layers before this one are written.
                "source_ready": In(1),
                #: Else only activation words below this address are.
                "watermark": In(16),
                #: A word is at the gate.
                "waiting": Out(1),
                #: In this cycle it is released; or it is not, and why.
                "busy": Out(1),
                "stall_data": Out(1),
                "stall_drain": Out(1),
                #: The last word is released in this cycle.
                "done": Out(1),
                #: The word at the gate; `control` and `tile` are valid when it is released.
                "address": Out(data.ArrayLayout(address, geometry.positions)),
                "padding": Out(data.ArrayLayout(1, geometry.positions)),
                "weight_address": Out((geometry.weight_words - 1).bit_length()),
                "control": Out(Control),
                #: The tile that ends with the released word.
                "tile": Out(TileLayout),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the loops and the gate."""
        m = Module()
        # The word at the gate is released, or there is none: the next one moves up. A register, so
        # that the loops turn by it at once.
        advance = Signal(init=1)
        waiting = Signal()
        ready = Signal()
        word = self._loops(m, advance)
        held = Signal(word.shape(), reset_less=True)
        ends = Signal()
        drained = Signal()
        drained_next = Signal()
        written = Signal()
        with m.If(advance):
            m.d.comb += written.eq(self._written(word))
            m.d.sync += [
                held.eq(word),
                waiting.eq(word.present),
                ready.eq(written),
                advance.eq(~word.present | (written & (~word.last | drained_next))),
            ]
        with m.Else():
            m.d.comb += written.eq(self._written(held))
            m.d.sync += [ready.eq(written), advance.eq(written & (~held.last | drained))]
        m.d.comb += [
            # Sums that stay in the accumulators are no tile.
            ends.eq(self.busy & held.tile_end & ~self.layer.hold),
            self.waiting.eq(waiting),
            self.busy.eq(waiting & advance),
            self.stall_data.eq(waiting & ~ready),
            self.stall_drain.eq(waiting & ready & ~advance),
            self.done.eq(self.busy & held.tile_end & held.layer_end),
            self.address.eq(held.address),
            self.padding.eq(held.padding),
            self.weight_address.eq(held.weight),
            self.control.valid.eq(self.busy),
            self.control.first.eq(held.first & ~self.layer.resume),
            self.control.last.eq(held.last & ~self.layer.hold),
            self.control.fresh.eq(held.fresh),
            self.tile.valid.eq(ends),
            self.tile.bank.eq(self.bank),
            self.tile.second.eq(held.second),
            self.tile.row_end.eq(held.row_end),
            self.tile.layer_end.eq(held.layer_end),
        ]

        # A tile takes a step for each column group and row; the next one must not end before.
        # These are its cycles, minus one.
        steps = Mux(held.row_end, self.layer.last_steps, self.geometry.column_groups - 1)
        interval = self.geometry.requantise_interval.bit_length() - 1
        one, two = (
            Cat(Value.cast((1 << bits) - 1)[:bits], steps) for bits in (interval, interval + 1)
        )
        cycles = Signal(len(two))
        m.d.comb += cycles.eq(Mux(held.second, two, one))
        # What is left of them, minus two: negative where a tile may end in the next cycle.
        drain_left = Signal(signed(len(cycles) + 1), init=-1)
        m.d.comb += [
            drained.eq(drain_left[-1]),
            drained_next.eq(Mux(ends, cycles == 0, drained)),
        ]
        with m.If(ends | ~drained):
            m.d.sync += drain_left.eq(Mux(ends, cycles, drain_left) - Mux(ends, 2, 1))
        return m

    def _loops(self, m: Module, advance: Signal) -> data.View:
        """Walk the loops, a word further where `advance` is 1; return the word they are at."""
        layer, positions = self.layer, self.geometry.positions
        word = Signal(
            data.StructLayout(
                {
                    "present": 1,
                    "first": 1,
                    "last": 1,
                    "fresh": 1,
                    "tile_end": 1,
                    "second": 1,
                    "row_end": 1,
                    "layer_end": 1,
                    "address": self.address.shape(),
                    "padding": self.padding.shape(),
                    "weight": self.weight_address.shape(),
                }
            )
        )
        # A cycle after `load` the loops start, and then hold a word. Without one they stand still.
        starting = Signal()
        active = Signal()
        turn = Signal()
        m.d.sync += starting.eq(self.load)
        m.d.comb += turn.eq(advance & (starting | active))
        reduction, lines, windows, tiles, groups = (
            Signal(
                signed(used_bits(FIELD[name], self.geometry) + 1),
                name=f"{name}_left",
                reset_less=True,
            )
            for name in ("reduction", "lines", "windows", "tiles", "groups")
        )
        # This step ends a line; what ends with a line, if one does; what this step ends.
        line_end = Signal()
        over = _Loops(*(Signal(name=f"{loop}_over") for loop in _Loops._fields))
        ends = _Loops(*(Signal(name=f"{loop}_end") for loop in _Loops._fields))
        last = Signal()
        m.d.comb += [
            line_end.eq(starting | reduction[-1]),
            over.window.eq(starting | lines[-1]),
            over.tile.eq(starting | (lines[-1] & windows[-1])),
            over.row.eq(starting | (lines[-1] & windows[-1] & tiles[-1])),
            *(end.eq(line_end & loop) for end, loop in zip(ends, over, strict=True)),
            last.eq(reduction[-1] & lines[-1]),
        ]
        weight = Signal.like(self.weight_address, reset_less=True)
        tile_weight = Signal.like(weight)
        next_weight = Signal.like(weight)
        step = Signal.like(weight, reset_less=True)  # to the first word of the next tile
        m.d.sync += step.eq(layer.weight_gap + 1)
        # Two sums, so that no adder waits for the loops' ends.
        m.d.comb += next_weight.eq(
            Mux(ends.row, layer.weights, Mux(ends.tile, weight + step, weight + 1))
        )
        with m.If(turn):
            _count_down(m, reduction, layer.reduction, line_end)
            m.d.sync += [
                word.first.eq(ends.window),
                weight.eq(Mux(ends.window & ~ends.tile, tile_weight, next_weight)),
            ]
            with m.If(line_end):
                _count_down(m, lines, layer.lines, over.window)
            with m.If(ends.window):
                _count_down(m, windows, layer.windows, over.tile)
                m.d.sync += word.fresh.eq(over.tile)
            with m.If(ends.tile):
                _count_down(m, tiles, layer.tiles, over.row)
                m.d.sync += tile_weight.eq(next_weight)
            with m.If(ends.row):
                _count_down(m, groups, layer.groups, starting, positions)
                m.d.sync += active.eq(starting | (active & ~groups[-1]))
        addresses, bounds = self._addresses(m, turn, line_end, over, ends)
        m.d.comb += [
            word.present.eq(active),
            word.last.eq(last),
            word.tile_end.eq(last & windows[-1]),
            # Two rows a group: an even rest below zero says that there is one row only.
            word.second.eq(~(groups[-1] & ~groups[0]) if positions == 2 else 0),
            word.row_end.eq(tiles[-1]),
            word.layer_end.eq(tiles[-1] & groups[-1]),
            word.weight.eq(weight),
        ]
        for position, address in enumerate(addresses):
            inside = (address >= bounds[0]) & (address < bounds[1])
            m.d.comb += [word.address[position].eq(address), word.padding[position].eq(~inside)]
        return word

    def _addresses(
        self, m: Module, turn: Signal, line_end: Signal, over: _Loops, ends: _Loops
    ) -> tuple[list[Signal], list[Signal]]:
        """Return the address of each position's activation word, and the bounds of its line."""
        layer, positions = self.layer, self.geometry.positions
        bits = address_bits(self.geometry)
        addresses = [Signal(bits, name=f"address_{p}", reset_less=True) for p in range(positions)]
        bounds = [Signal(bits, name=f"bound_{end}", reset_less=True) for end in ("low", "high")]
        # Where the next line, window, tile and group start.
        next_line, next_window, next_tile, next_group = (
            Signal(bits, name=f"next_{loop}", reset_less=True)
            for loop in ("line", "window", "tile", "group")
        )
        # Several tiles may share the words of their channels.
        shared = self.geometry.tiles_per_word
        word_end = Signal(init=1)
        if shared > 1:
            place, next_place = Signal(range(shared)), Signal(range(shared))
            m.d.comb += [
                place.eq(Mux(over.row, 0, next_place)),
                word_end.eq(place == shared - 1),
            ]
            with m.If(turn & ends.tile):
                m.d.sync += next_place.eq(Mux(word_end, 0, place + 1))
        # Where a line ends, the next one starts here: no adder waits for the words of the line.
        jump = Signal(bits)
        m.d.comb += jump.eq(
            Mux(
                over.row,
                next_group,
                Mux(over.tile, next_tile, Mux(over.window, next_window, next_line)),
            )
        )
        with m.If(turn):
            m.d.sync += addresses[0].eq(Mux(line_end, jump, addresses[0] + layer.word_stride))
            if positions == 2:
                m.d.sync += addresses[1].eq(
                    Mux(line_end, jump, addresses[1])
                    + Mux(line_end, layer.group_stride, layer.word_stride)
                )
            with m.If(line_end):
                m.d.sync += next_line.eq(jump + layer.line_stride)
                for bound, first in zip(bounds, (layer.source, layer.source_end), strict=True):
                    m.d.sync += bound.eq(Mux(over.window, first, bound + layer.line_stride))
            with m.If(ends.window):
                m.d.sync += next_window.eq(jump + layer.window_stride)
            with m.If(ends.tile):
                m.d.sync += next_tile.eq(jump + Mux(word_end, layer.tile_stride, 0))
            with m.If(ends.row):
                m.d.sync += next_group.eq(next_group + (layer.group_stride << (positions - 1)))
        with m.If(self.load):
            m.d.sync += next_group.eq(layer.origin)
        return addresses, bounds

    def _written(self, word: data.View) -> Value:
        """Tell whether a word's activations are written."""
        bits = len(word.address[0])
        written = [
            self.source_ready | padding | (address < self.watermark[: bits + 1])
            for address, padding in zip(word.address, word.padding, strict=True)
        ]
        if self.geometry.positions == 2:
            written[1] |= ~word.second
        return Cat(written).all()


def _count_down(m: Module, left: Signal, count: Value, reload: Value, by: int = 1) -> None:
    """Let `left` be what is left of `count` (stored minus one): negative in the last pass."""
    m.d.sync += left.eq(Mux(reload, count, left) - by)
