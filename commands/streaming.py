"""`otus bench --stream`: how fast a model is streamed over a UART."""

from collections.abc import Callable
from typing import Any

import numpy as np
from rich.table import Table

from .. import models
from ..arch.geometry import Geometry
from ..arch.packet import Counters
from ..driver.compiler import Program
from ..driver.compiler.prefix import prefix
from ..driver.device import Device
from ..driver.plan import compile_graph
from ..driver.traffic import UART_BITS, traffic
from ..sim.board import SimLink
from ..sim.golden_link import GoldenLink
from .report import CommandError, geometry_of, render, show, tracked

#: Of the board that is simulated: a whole number of cycles for each bit.
CLOCK_HZ = 48_000_000

#: 8 kB of weights, which any model exceeds.
GEOMETRY = "4x4,weight_words=512"

#: Seconds: cycles are counted, so that a slow simulation must not repeat a request.
_PATIENCE = 3600.0


def main(
    model: str, geometries: tuple[str, ...], weights: int, bauds: tuple[int, ...], as_json: bool
) -> None:
    """Measure and print."""
    file = models.find(model)
    rows: list[dict[str, Any]] = []
    cases = [(geometry, baud) for geometry in geometries or (GEOMETRY,) for baud in bauds]
    # A model that cannot be measured is refused before a simulator is built for it.
    slices = {g: _slice(file.read_bytes(), geometry_of(g), weights) for g, _ in cases}
    for geometry, baud in tracked(cases, len(cases), "rates", quiet=as_json):
        rows.append(_measured(slices[geometry], baud))
    values = {"model": file.name, "clock_hz": CLOCK_HZ, "rates": rows}
    show(as_json, values, lambda: _text(values))


def _slice(model: bytes, geometry: Geometry, weights: int) -> Program:
    """Compile a model, and take the beginning of the part of it that sends most."""
    streamed = [program for program in compile_graph(model, geometry).programs if program.steps]
    found = [
        prefix(program, weights)
        for program in sorted(streamed, key=lambda p: traffic(p).sent, reverse=True)[:1]
    ]
    if not found or not traffic(found[0]).weights:
        raise CommandError(
            f"the model, or its first {weights} weights, fit geometry {geometry.name} and are not "
            "streamed; give a --geometry with less weight_words, or more --weights"
        )
    return found[0]


def _measured(program: Program, baud: int) -> dict[str, Any]:
    """Run two inferences, check them, and count the second one: the first one loads what stays."""
    geometry, divisor = program.geometry, CLOCK_HZ // baud
    inputs = np.random.default_rng(0).integers(
        -128, 128, (2, *program.input.shape[1:]), dtype=np.int8
    )
    link = SimLink(geometry, divisor=divisor)
    with Device(link, geometry, timeout=_PATIENCE, retry=_PATIENCE) as device:
        device.run(program, inputs[:1])
        begin = link.cycles
        logits, (counters,) = device.run(program, inputs[1:])
        cycles = link.cycles - begin
    with Device(GoldenLink(geometry), geometry) as device:
        expected = device.run(program, inputs[1:]).logits
    if not np.array_equal(logits, expected):
        raise CommandError(f"{baud} baud: the result is not the golden model's; report it, please")
    return _figures(program, counters, baud, cycles)


def _figures(program: Program, counters: Counters, baud: int, cycles: int) -> dict[str, Any]:
    moved, array = traffic(program), program.prediction.total
    line = round(moved.seconds(baud) * CLOCK_HZ)
    payload = moved.payload * UART_BITS * CLOCK_HZ // baud
    bound = "link" if line >= array else "array"
    return {
        "baud": baud,
        "geometry": program.geometry.name,
        "slice": sum(layer.weights.size for layer in program.layers),
        "steps": len(program.steps),
        **moved._asdict(),
        "cycles": cycles,
        "cycles_predicted": max(line, array),
        "array_cycles": counters.total - counters.link_wait,
        "array_cycles_predicted": array,
        "link_wait": counters.link_wait,
        "bound": bound,
        "share": (payload if bound == "link" else array) / cycles,
    }


def _text(values: dict[str, Any]) -> str:
    table = Table(box=None, header_style="bold")
    columns: dict[str, Callable[[dict[str, Any]], str]] = {
        "Mbaud": lambda row: f"{row['baud'] / 1e6:g}",
        "geometry": lambda row: row["geometry"],
        "steps": lambda row: str(row["steps"]),
        "sent": lambda row: f"{row['sent']:,}",
        "payload": lambda row: f"{row['payload']:,}",
        "cycles": lambda row: f"{row['cycles']:,}",
        "predicted": lambda row: f"{row['cycles_predicted']:,}",
        "array": lambda row: f"{row['array_cycles']:,}",
        "predicted ": lambda row: f"{row['array_cycles_predicted']:,}",
        "link_wait": lambda row: f"{row['link_wait']:,}",
        "share": lambda row: f"{row['share']:.1%} of the {row['bound']}",
    }
    for heading in columns:
        table.add_column(heading, justify="right")
    for row in values["rates"]:
        table.add_row(*(text(row) for text in columns.values()))
    first = values["rates"][0]
    return (
        f"{render(table)}\n{values['model']}, its first {first['slice']:,} weights; one "
        f"inference at {CLOCK_HZ / 1e6:g} MHz, equal to the golden model's; the share of the link "
        "is that of its bytes which are payload"
    )
