"""Instances of primitives as components, and their benches."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from amaranth.hdl import ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from otus.sim.cocotb_runner import run_bench

Row = Mapping[str, int]


@dataclass(frozen=True)
class Cell:
    """One instance of a primitive.

    Parameters
        kind : the primitive's module
        parameters : of the instance
        inputs, outputs : width of each port, by the name that it has in the bench; scalar ports of
            the primitive are `port` with the bit's number behind it
        ports : name of the primitive's port where it differs
        clocks : ports that are the clock
        scalar : its buses are ports of one bit each
    """

    kind: str
    parameters: Mapping[str, object]
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    ports: Mapping[str, str] = field(default_factory=dict)
    clocks: Sequence[str] = ()
    scalar: bool = True


class Primitives(wiring.Component):
    """Cells side by side: inputs of the same name are shared, outputs are `name_<index>`."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        ports = {name: In(width) for cell in cells for name, width in cell.inputs.items()}
        for index, cell in enumerate(cells):
            ports |= {f"{name}_{index}": Out(width) for name, width in cell.outputs.items()}
        super().__init__(ports)

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        # Something of the clock domain, so that it is there.
        alive = Signal()
        m.d.sync += alive.eq(1)
        for index, cell in enumerate(self.cells):
            arguments: dict[str, object] = {f"p_{k}": v for k, v in cell.parameters.items()}
            arguments |= {f"i_{name}": ClockSignal() for name in cell.clocks}
            wires = [("i", name, getattr(self, name), w) for name, w in cell.inputs.items()]
            wires += [
                ("o", name, getattr(self, f"{name}_{index}"), w) for name, w in cell.outputs.items()
            ]
            for direction, name, signal, width in wires:
                port = cell.ports.get(name, name)
                if width > 1 and cell.scalar:
                    for bit in range(width):
                        arguments[f"{direction}_{port}{bit}"] = signal[bit]
                else:
                    arguments[f"{direction}_{port}"] = signal
            m.submodules[f"cell_{index}"] = Instance(cell.kind, **arguments)
        return m


def check(
    cells: Sequence[Cell],
    models: Sequence[str],
    rows: Sequence[Row],
    expected: Mapping[str, Sequence[int | None]],
    simulator: str,
) -> None:
    """Apply a row in each cycle and compare the outputs of that cycle, before its clock edge."""
    with tempfile.TemporaryDirectory() as folder:
        vectors = Path(folder, "vectors.json")
        vectors.write_text(json.dumps({"rows": rows, "expected": expected}))
        run_bench(
            Primitives(cells),
            "otus.sim.benches.tb_primitive",
            simulator=simulator,
            parameters={"vectors": str(vectors)},
            models=models,
        )
