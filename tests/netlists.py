"""Netlists for tests: of Amaranth designs, and of a few cells."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Module as Description
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from otus.boards.tools import find_tools
from otus.hw.uart import UartReceiver, UartTransmitter
from otus.sim import toolchain
from otus.sim.netlist.circuit import Circuit
from otus.sim.netlist.load import read_netlist
from otus.sim.netlist.lower import Module, lower
from otus.sim.netlist.simulation import Simulation


class Echo(wiring.Component):
    """Send back what a UART receives, plus one."""

    rx: In(1, init=1)
    tx: Out(1, init=1)

    def elaborate(self, _platform: object) -> Description:
        m = Description()
        m.submodules.receiver = receiver = UartReceiver(7)
        m.submodules.transmitter = transmitter = UartTransmitter(7)
        m.d.comb += [
            receiver.pin.eq(self.rx),
            self.tx.eq(transmitter.pin),
            transmitter.bytes.valid.eq(receiver.bytes.valid),
            transmitter.bytes.payload.eq(receiver.bytes.payload + 1),
            receiver.bytes.ready.eq(transmitter.bytes.ready),
        ]
        return m


def yosys() -> tuple[str, ...]:
    """Return the words that start yosys."""
    return find_tools(["yosys"])["yosys"].command


def synthesise(design: wiring.Component, script: str = "proc", platform: object = None) -> Module:
    """Return the netlist of a design after a script of yosys."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = rtlil.convert(design, name="top", platform=platform, emit_src=False)
        (folder / "top.il").write_text(text)
        (folder / "run.ys").write_text(
            f"read_rtlil top.il\n{script}\nmemory_collect\nwrite_json top.json\n"
        )
        toolchain.run([*yosys(), "-q", "-l", "log", "run.ys"], cwd=folder)
        return read_netlist(folder / "top.json")


def module_of(
    cells: Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str]]],
    inputs: Mapping[str, int],
    outputs: Mapping[str, int],
) -> Module:
    """Make a netlist of cells by hand.

    Parameters
        cells : name, then kind, parameters, and the net of each port: `name` or `name[bit]` of a
            port of the module or a wire, several from the lowest on with spaces between, 0, 1
        inputs, outputs : widths of the module's ports
    """
    numbers: dict[str, int] = {}

    def bits(text: str) -> list[Any]:
        return [
            word if word in ("0", "1", "x") else numbers.setdefault(word, len(numbers) + 2)
            for word in text.split()
        ]

    def port(name: str, width: int, direction: str) -> dict[str, Any]:
        words = [name] if width == 1 else [f"{name}[{bit}]" for bit in range(width)]
        return {"direction": direction, "bits": bits(" ".join(words))}

    ports = {n: port(n, w, "input") for n, w in inputs.items()}
    ports |= {n: port(n, w, "output") for n, w in outputs.items()}
    return {
        "ports": ports,
        "cells": {
            name: {
                "type": kind,
                "parameters": dict(parameters),
                "connections": {p: bits(nets) for p, nets in pins.items()},
            }
            for name, (kind, parameters, pins) in cells.items()
        },
        "netnames": {name: {"bits": [number]} for name, number in numbers.items()},
    }


def simulate(module: Module, family: str, clock: str = "clk") -> Simulation:
    """Start the simulation of a netlist."""
    return Simulation(Circuit(lower(module, family, yosys())), clock)


def save(module: Module, path: Path, top: str = "top") -> Path:
    """Write a netlist as yosys would."""
    path.write_text(json.dumps({"modules": {top: module}}))
    return path
