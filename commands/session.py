"""Models on one device, for the commands that compute."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..arch.geometry import NAMED, Geometry
from ..arch.packet import Counters
from ..driver.compiler import Oracle, Program, compile_model, place_in_turn
from ..driver.device import Device
from ..driver.link import open_link

Int8Array = npt.NDArray[np.int8]


class Session:
    """Compile models for a device, and run one after the other on it.

    Models that do not fit side by side take turns: what they overlap is sent again at each change.

    Parameters
        device : name of the device
        geometry : of the simulated device; a board knows its own, and another one is refused
        models : .tflite files
        oracle : runtime whose results are reproduced
    """

    def __init__(
        self, device: str, geometry: str | None, models: Sequence[Path], oracle: Oracle
    ) -> None:
        asked = Geometry.parse(geometry) if geometry else None
        simulated = asked or (NAMED["default"] if device in ("sim", "golden") else None)
        # A model that cannot be compiled is refused before a simulator is built for it.
        if simulated:
            place_in_turn([compile_model(model, simulated, oracle) for model in models])
        self.device = Device(open_link(device, simulated), geometry=asked)
        try:
            self.geometry = self.device.identity.geometry
            self.programs = place_in_turn(
                [compile_model(model, self.geometry, oracle) for model in models]
            )
        except BaseException:
            self.device.close()
            raise
        self.counters: list[list[Counters]] = [[] for _ in models]

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the device."""
        self.device.close()

    def infer(self, model: int, inputs: Int8Array) -> Int8Array:
        """Run a model, and keep the counters of each inference.

        Parameters
            model : index of the model
            inputs : int8 [n, ...]
        Returns
            int8 [n, ...], the model's outputs
        """
        program = self.programs[model]
        result = self.device.run(program, inputs)
        self.counters[model] += result.counters
        return program.finish(result.logits)

    def figures(self, model: int) -> dict[str, Any]:
        """Collect what was counted and predicted for a model."""
        return figures([self.programs[model]], [self.counters[model]], self.geometry)


def figures(
    programs: Sequence[Program], counters: Sequence[Sequence[Counters]], geometry: Geometry
) -> dict[str, Any]:
    """Collect what was counted and predicted for the programs of a model.

    Parameters
        counters : of each program, and in it of each frame
    """
    performed = sum(program.performed for program in programs)
    totals = [sum(c.total for c in frame) for frame in zip(*counters, strict=True)]
    # The golden model counts no cycles.
    cycles = sorted({total for total in totals if total})
    found: dict[str, Any] = {
        "frames": len(totals),
        "geometry": geometry.name,
        "macs": sum(program.macs for program in programs),
        "macs_performed": performed,
        "cycles_predicted": sum(program.prediction.total for program in programs),
        "cycles_ideal": -(-performed // geometry.macs_per_cycle),
        "cycles": cycles[-1] if cycles else None,
        "cycles_least": cycles[0] if cycles else None,
        "utilisation": None,
    }
    if cycles:
        found["utilisation"] = performed / (cycles[-1] * geometry.macs_per_cycle)
    return found
