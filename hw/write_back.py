"""Where requantised outputs go."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from .drain import StepLayout
from .layouts import BanksLayout


class WriteBack(wiring.Component):
    """Give each step's outputs their place in the activation buffer.

    Rows lie `row_words` apart from `destination` on, channels in order from the start of a row.
    `write_address` and `write_group` belong to the step of the same cycle.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        super().__init__(
            {
                #: The step whose outputs leave the requantise lanes in this cycle.
                "step": In(StepLayout),
                #: The layers in flight; `step.bank` chooses.
                "banks": In(BanksLayout),
                #: Word of the activation buffer, and group of bytes in it, of the step's outputs.
                "write_address": Out(16),
                "write_group": Out(range(geometry.row_groups)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the pointers."""
        m = Module()
        step, bank = self.step, self.banks[self.step.bank]
        groups = self.geometry.row_groups
        starts = Signal(init=1)  # the next step is the first of its layer
        # Pointers to the next output, to the tile's start in the first row, and to that row.
        word, tile_word, row = (Signal(16, reset_less=True) for _ in range(3))
        group, tile_group = Signal(range(max(2, groups))), Signal(range(max(2, groups)))

        at_word, at_tile, at_row = Signal(16), Signal(16), Signal(16)
        m.d.comb += [
            at_word.eq(Mux(starts, bank.destination, word)),
            at_tile.eq(Mux(starts, bank.destination, tile_word)),
            at_row.eq(Mux(starts, bank.destination, row)),
            self.write_address.eq(at_word),
            self.write_group.eq(group),
        ]
        next_word, next_group = Signal(16), Signal.like(group)
        wraps = group == groups - 1
        m.d.comb += [
            next_word.eq(at_word + wraps),
            next_group.eq(Mux(wraps, 0, group + 1)),
        ]
        with m.If(step.valid):
            m.d.sync += [
                starts.eq(step.layer_end),
                word.eq(next_word),
                group.eq(next_group),
                tile_word.eq(at_tile),
                row.eq(at_row),
            ]
            with m.If(step.slot_end):
                if self.geometry.positions == 1:
                    self._next_tile(m, next_word, next_group, word, group, tile_word, tile_group)
                else:
                    # The end in the first row is where the next tile starts.
                    end_word, end_group = Signal(16), Signal.like(group)
                    with m.If(step.second & ~step.slot):
                        m.d.sync += [
                            end_word.eq(next_word),
                            end_group.eq(next_group),
                            word.eq(at_tile + bank.row_words),
                            group.eq(tile_group),
                        ]
                    with m.Elif(step.second):
                        self._next_tile(m, end_word, end_group, word, group, tile_word, tile_group)
                    with m.Else():
                        self._next_tile(
                            m, next_word, next_group, word, group, tile_word, tile_group
                        )
            with m.If(step.row_end):
                following = Signal(16)
                m.d.comb += following.eq(at_row + (bank.row_words << step.second))
                m.d.sync += row.eq(following)
                self._next_tile(m, following, 0, word, group, tile_word, tile_group)
        return m

    @staticmethod
    def _next_tile(
        m: Module,
        from_word: Signal,
        from_group: Signal | int,
        word: Signal,
        group: Signal,
        tile_word: Signal,
        tile_group: Signal,
    ) -> None:
        """Let the next tile start at a word and group."""
        m.d.sync += [
            word.eq(from_word),
            group.eq(from_group),
            tile_word.eq(from_word),
            tile_group.eq(from_group),
        ]
