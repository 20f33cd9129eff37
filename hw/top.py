"""Everything behind a byte stream: the link's endpoint and the core."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..arch.geometry import Geometry
from .core import Core
from .endpoint import Endpoint


class Top(wiring.Component):
    """The accelerator behind any byte stream: a UART, a FIFO bridge, or the simulated board.

    Parameters
        geometry : of the accelerator
        build : CRC-32 of the gateware, told in the identity; 0 where there is none
        clock_hz : of the array, told in the identity; 0 in simulation
    """

    def __init__(self, geometry: Geometry, build: int = 0, clock_hz: int = 0) -> None:
        self.geometry = geometry
        self.build = build
        self.clock_hz = clock_hz
        super().__init__(
            {
                #: Bytes from the host.
                "rx": In(stream.Signature(8)),
                #: Bytes to the host.
                "tx": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, _platform: object) -> Module:
        """Connect the core to the endpoint; a RESET resets all of the core."""
        m = Module()
        m.submodules.endpoint = endpoint = Endpoint(self.geometry, self.build, self.clock_hz)
        core = Core(self.geometry)
        # A cycle later: much of the core hangs on it.
        soft_reset = Signal()
        m.d.sync += soft_reset.eq(endpoint.soft_reset)
        m.submodules.core = ResetInserter(soft_reset)(core)
        wiring.connect(m, wiring.flipped(self.rx), endpoint.rx)
        wiring.connect(m, wiring.flipped(self.tx), endpoint.tx)
        wiring.connect(m, endpoint.write, core.write)
        wiring.connect(m, endpoint.read_address, core.read_address)
        wiring.connect(m, core.read_data, endpoint.read_data)
        m.d.comb += [
            core.start.eq(endpoint.start),
            core.entry.eq(endpoint.entry),
            endpoint.ready.eq(core.ready),
            endpoint.idle.eq(core.idle),
            endpoint.counters.eq(core.counters),
        ]
        return m
