"""Take finished tiles out of the array, a column group at a time."""

from amaranth.hdl import Array, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry

#: A finished tile.
TileLayout = data.StructLayout(
    {
        "valid": 1,
        "bank": 1,  # which of the two layers in flight
        "second": 1,  # the second position holds a row too
        "row_end": 1,  # the tile is the last of its rows
        "layer_end": 1,  # and these the last of the layer
    }
)

#: A selected column group, on its way through the requantise lanes.
StepLayout = data.StructLayout(
    {
        "valid": 1,
        "bank": 1,
        "second": 1,  # the tile holds two rows
        "slot": 1,  # the row that this step belongs to
        "slot_end": 1,  # last step of this row in the tile
        "row_end": 1,  # last step of the tile's last row, in the last tile
        "layer_end": 1,
    }
)


def delayed_steps(m: Module, step: data.View, interval: int, cycles: int) -> list[data.View]:
    """Return the step of this cycle, of the cycle before, and so on up to `cycles` ago.

    A step holds its fields for `interval` cycles, so that one register for them serves as long.
    """
    steps = [step]
    for cycle in range(1, cycles + 1):
        before = steps[-1]
        valid = Signal(name=f"step_{cycle}_valid")
        m.d.sync += valid.eq(before.valid)
        held = before
        if cycle % interval == 0:
            held = Signal(StepLayout, name=f"step_{cycle}", reset_less=True)
            with m.If(before.valid if interval > 1 else 1):
                m.d.sync += held.eq(before)
        delayed = Signal(StepLayout, name=f"step_{cycle}_delayed")
        m.d.comb += [delayed.eq(held), delayed.valid.eq(valid)]
        steps.append(delayed)
    return steps


class Drain(wiring.Component):
    """Select the accumulators of a finished tile, `requantise_lanes` at a time.

    A tile is taken in the cycle before its first column group is ready; tiles must be at least as
    many cycles apart as they need: a step every `requantise_interval` cycles. `step` and
    `parameter_address` come one cycle after the tile, `accumulators` `timing.SELECT` after them.
    """

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.latency = timing.SELECT
        self.interval = geometry.requantise_interval
        accumulator = signed(geometry.accumulator_bits)
        super().__init__(
            {
                #: A finished tile, in the cycle before its first column group is ready.
                "tile": In(TileLayout),
                #: First word of the layer's records, by bank.
                "parameters": In(data.ArrayLayout(16, 2)),
                #: Steps of the last tile of a row, minus one, by bank.
                "last_steps": In(data.ArrayLayout(8, 2)),
                #: Pooled accumulators, [column][position].
                "pooled": In(
                    data.ArrayLayout(
                        data.ArrayLayout(accumulator, geometry.positions), geometry.columns
                    )
                ),
                #: The column group that is selected in this cycle.
                "step": Out(StepLayout),
                #: Word of the parameter buffer that belongs to the step.
                "parameter_address": Out(16),
                #: The selected accumulators, `latency` cycles after the step.
                "accumulators": Out(data.ArrayLayout(accumulator, geometry.requantise_lanes)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build the step counter and the selection."""
        m = Module()
        running, slot = Signal(), Signal()
        step = Signal(range(max(2, self.geometry.column_groups)))
        phase = Signal(range(max(2, self.interval)))
        tile = Signal(TileLayout, reset_less=True)
        address, tile_address = Signal(16, reset_less=True), Signal(16, reset_less=True)
        restart = Signal(init=1)

        emit = running & (phase == 0)
        advance = running & (phase == self.interval - 1)
        steps = Signal(8)
        m.d.comb += steps.eq(
            Mux(tile.row_end, self.last_steps[tile.bank], self.geometry.column_groups - 1)
        )
        # Only as many bits as `step` has: more steps than groups cannot be, and must not hang.
        slot_end = step == steps[: len(step)]
        tile_end = slot_end & (slot == tile.second)
        following = Signal(16)
        m.d.comb += following.eq(Mux(advance, address + 1, address))

        with m.If(running):
            m.d.sync += phase.eq(Mux(advance, 0, phase + 1))
        with m.If(advance):
            m.d.sync += [step.eq(step + 1), address.eq(following)]
            with m.If(slot_end):
                m.d.sync += [step.eq(0), slot.eq(1), address.eq(tile_address)]
            with m.If(tile_end):
                m.d.sync += [
                    running.eq(0),
                    slot.eq(0),
                    address.eq(following),
                    restart.eq(tile.row_end),
                ]
        with m.If(self.tile.valid):
            # A row starts at its layer's first record, another tile goes on after the one before.
            start = Mux(
                Mux(running, tile.row_end, restart), self.parameters[self.tile.bank], following
            )
            m.d.sync += [
                tile.eq(self.tile),
                running.eq(1),
                phase.eq(0),
                step.eq(0),
                slot.eq(0),
                address.eq(start),
                tile_address.eq(start),
            ]
        m.d.comb += [
            self.parameter_address.eq(address),
            self.step.valid.eq(emit),
            self.step.bank.eq(tile.bank),
            self.step.second.eq(tile.second),
            self.step.slot.eq(slot),
            self.step.slot_end.eq(slot_end),
            self.step.row_end.eq(tile_end & tile.row_end),
            self.step.layer_end.eq(tile_end & tile.layer_end),
        ]
        self._select(m, step, slot)
        return m

    def _select(self, m: Module, step: Signal, slot: Signal) -> None:
        """Select in two stages: one of four neighbouring groups, then one of the fours."""
        geometry = self.geometry
        lanes, groups = geometry.requantise_lanes, geometry.column_groups
        fours = -(-groups // 4)
        chosen = Signal(range(max(2, fours * geometry.positions)), reset_less=True)
        m.d.sync += chosen.eq(step[2:] + Mux(slot, fours, 0))
        for lane in range(lanes):
            first = []
            for position in range(geometry.positions):
                columns = [self.pooled[g * lanes + lane][position] for g in range(groups)]
                for start in range(0, groups, 4):
                    near = columns[start : start + 4]
                    register = Signal(
                        near[0].shape(), name=f"near_{lane}_{position}_{start}", reset_less=True
                    )
                    m.d.sync += register.eq(Array(near)[step[:2]] if len(near) > 1 else near[0])
                    first.append(register)
            selected = Array(first)[chosen] if len(first) > 1 else first[0]
            register = Signal(selected.shape(), name=f"accumulator_{lane}", reset_less=True)
            m.d.sync += register.eq(selected)
            m.d.comb += self.accumulators[lane].eq(register)
