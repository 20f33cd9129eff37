"""A running netlist as a link for the driver."""

import time

from ..cxxrtl import Stop
from .simulation import Simulation

#: Cycles run between two looks at the clock on the wall.
_BATCH = 2_000


class NetlistLink:
    """A link to a netlist. It computes only while a read waits.

    Parameters
        simulation : with its pins or streams named
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._pending = b""

    @property
    def cycles(self) -> int:
        """Cycles simulated so far."""
        return self.simulation.cycles

    def write(self, data: bytes) -> None:
        """Queue bytes for the device; it takes them during the next reads."""
        self._pending += data

    def read(self, limit: int, timeout: float) -> bytes:
        """Run the netlist until it sends.

        Parameters
            limit : most bytes to return
            timeout : seconds of wall time
        Returns
            at least one byte; none at the timeout, or as soon as nothing can happen any more
        """
        deadline = time.monotonic() + timeout
        while True:
            taken, received, stop = self.simulation.run(self._pending, limit, _BATCH)
            self._pending = self._pending[taken:]
            if received or stop is Stop.STEADY or time.monotonic() >= deadline:
                return received

    def close(self) -> None:
        """Stop the simulation."""
        self.simulation.close()
