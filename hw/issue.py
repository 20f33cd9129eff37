"""The loops of a layer: which activation word and which weight word go into the array, and when."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..arch import timing
from ..arch.geometry import Geometry
from .accumulator import Control
from .drain import TileLayout
from .layouts import DescriptorLayout


class Issue(wiring.Component):
    """Walk the loops of arch.descriptor, and release one word a cycle.

    A word is held back while its activations are not written yet (`stall_data`), and the last word
    of a reduction while the tile before it still drains (`stall_drain`). The released word's
    outputs are valid `latency` cycles after its release.
    """

    latency = timing.ISSUE

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        super().__init__(
            {
                #: The layer; stable from `load` until `done`.
                "layer": In(DescriptorLayout),
                #: Start the loops: the first word may be released in the next cycle.
                "load": In(1),
                #: Bank of the layer, passed on with its tiles.
                "bank": In(1),
                #: All layers before this one are written.
                "source_ready": In(1),
                #: Else only activation words below this address are.
                "watermark": In(16),
                #: In this cycle: a word is released; or none is, and why.
                "busy": Out(1),
                "stall_data": Out(1),
                "stall_drain": Out(1),
                #: The last word is released in this cycle.
                "done": Out(1),
                #: The released word.
                "valid": Out(1),
                "address": Out(data.ArrayLayout(16, geometry.positions)),
                "padding": Out(data.ArrayLayout(1, geometry.positions)),
                "weight_address": Out(16),
                "control": Out(Control),
                #: The tile that ends with the released word.
                "tile": Out(TileLayout),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Build counters, address pointers and the two gates."""
        m = Module()
        layer, positions = self.layer, self.geometry.positions
        active = Signal()
        reduction_left, windows_left, tiles_left, groups_left = (
            Signal.like(field)
            for field in (layer.reduction, layer.windows, layer.tiles, layer.groups)
        )
        reduction_first, window_first = Signal(), Signal()
        weight, tile_weight = Signal(16), Signal(16)
        addresses = [Signal(16, name=f"address_{p}") for p in range(positions)]
        window_bases = [Signal(16, name=f"window_base_{p}") for p in range(positions)]
        group_bases = [Signal(16, name=f"group_base_{p}") for p in range(positions)]

        reduction_last = reduction_left == 0
        window_last = windows_left == 0
        tile_last = tiles_left == 0
        group_last = groups_left < positions
        second = (groups_left != 0) if positions == 2 else 0

        padding = [
            ~((address >= layer.source) & (address < layer.source_end)) for address in addresses
        ]
        written = [
            pad | self.source_ready | (address < self.watermark)
            for pad, address in zip(padding, addresses, strict=True)
        ]
        if positions == 2:
            written[1] |= ~second
        ready = Cat(written).all()
        drain_wait = Signal(16)
        gate = ~reduction_last | (drain_wait == 0)
        go = Signal()
        m.d.comb += [
            go.eq(active & ready & gate),
            self.busy.eq(go),
            self.stall_data.eq(active & ~ready),
            self.stall_drain.eq(active & ready & ~gate),
            self.done.eq(go & reduction_last & window_last & tile_last & group_last),
        ]

        # A tile takes a step for each column group and row; the next one must not end before.
        steps = Signal(16)
        m.d.comb += steps.eq(
            Mux(tile_last, layer.last_steps + 1, self.geometry.column_groups) << second
        )
        with m.If(drain_wait != 0):
            m.d.sync += drain_wait.eq(drain_wait - 1)
        with m.If(go & reduction_last & window_last):
            m.d.sync += drain_wait.eq(steps * self.geometry.requantise_interval - 1)

        m.d.sync += [
            self.valid.eq(go),
            Cat(self.address[p] for p in range(positions)).eq(Cat(addresses)),
            Cat(self.padding[p] for p in range(positions)).eq(Cat(padding)),
            self.weight_address.eq(weight),
            self.control.valid.eq(go),
            self.control.first.eq(reduction_first),
            self.control.last.eq(reduction_last),
            self.control.fresh.eq(window_first),
            self.tile.valid.eq(go & reduction_last & window_last),
            self.tile.bank.eq(self.bank),
            self.tile.second.eq(second),
            self.tile.row_end.eq(tile_last),
            self.tile.layer_end.eq(tile_last & group_last),
        ]

        with m.If(self.load):
            m.d.sync += [
                active.eq(1),
                reduction_left.eq(layer.reduction),
                windows_left.eq(layer.windows),
                tiles_left.eq(layer.tiles),
                groups_left.eq(layer.groups),
                reduction_first.eq(1),
                window_first.eq(1),
                weight.eq(layer.weights),
                tile_weight.eq(layer.weights),
            ]
            for position in range(positions):
                start = layer.origin + (layer.group_stride if position else 0)
                m.d.sync += [
                    addresses[position].eq(start),
                    window_bases[position].eq(start),
                    group_bases[position].eq(start),
                ]
        with m.Elif(go):
            m.d.sync += [
                reduction_left.eq(reduction_left - 1),
                reduction_first.eq(0),
                weight.eq(weight + 1),
                *(address.eq(address + 1) for address in addresses),
            ]
            with m.If(reduction_last):
                m.d.sync += [reduction_left.eq(layer.reduction), reduction_first.eq(1)]
                with m.If(~window_last):
                    m.d.sync += [
                        windows_left.eq(windows_left - 1),
                        window_first.eq(0),
                        weight.eq(tile_weight),
                    ]
                    for address, base in zip(addresses, window_bases, strict=True):
                        moved = base + layer.window_stride
                        m.d.sync += [address.eq(moved), base.eq(moved)]
                with m.Else():
                    m.d.sync += [
                        windows_left.eq(layer.windows),
                        window_first.eq(1),
                        tile_weight.eq(weight + 1),
                        tiles_left.eq(tiles_left - 1),
                    ]
                    for address, base, group in zip(
                        addresses, window_bases, group_bases, strict=True
                    ):
                        m.d.sync += [address.eq(group), base.eq(group)]
                    with m.If(tile_last):
                        m.d.sync += [
                            tiles_left.eq(layer.tiles),
                            groups_left.eq(groups_left - positions),
                            weight.eq(layer.weights),
                            tile_weight.eq(layer.weights),
                            active.eq(~group_last),
                        ]
                        for address, base, group in zip(
                            addresses, window_bases, group_bases, strict=True
                        ):
                            moved = group + (layer.group_stride << (positions - 1))
                            m.d.sync += [address.eq(moved), base.eq(moved), group.eq(moved)]
        return m
