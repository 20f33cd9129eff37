"""`otus demo`: the shipped recording, from samples to angles, every frame checked."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from .. import models
from ..doa.locate import Heard, compare, locate, read_truth
from ..doa.prepare import load
from ..driver.compiler import Oracle
from ..sim import oracles
from .locate import check_picture, definition_of, draw, inference
from .report import CommandError, render, show
from .session import Int8Array, Session

NAMES = ("azimuth", "elevation")
Kept = list[tuple[Int8Array, Int8Array]]


def main(device: str, geometry: str | None, oracle: Oracle, plot: Path, as_json: bool) -> None:
    """Locate the recording, check the frames, print and plot."""
    recording, truth = models.FOLDER / "demo.flac", read_truth(models.FOLDER / "demo.json")
    check_picture(plot)
    found = {name: models.find(name) for name in NAMES}
    files, definition = list(found.values()), definition_of(found)
    kept: list[Kept] = [[] for _ in NAMES]
    start = time.perf_counter()
    with Session(device, geometry, files, oracle) as session:
        ready = time.perf_counter()
        networks = {name: inference(session, i, kept[i]) for i, name in enumerate(NAMES)}
        results = locate(load(recording, definition), networks, progress=not as_json)
        seconds = time.perf_counter() - ready
        figures = {name: session.figures(i) for i, name in enumerate(NAMES)}
        shape = session.geometry
    exact = [_check(files[i], kept[i], oracle, geometry) for i in range(len(NAMES))]
    draw(results, plot, truth=truth, title="otus demo: where the voices are")
    heard = compare(results, truth)
    values = {
        "segments": [dataclasses.asdict(h) for h in heard],
        "frames": len(results),
        "active_frames": sum(r.active for r in results),
        "device": device,
        "geometry": shape.name,
        "models": figures,
        "exact": dict(zip(NAMES, exact, strict=True)),
        "seconds_setup": ready - start,
        "seconds": seconds,
        "plot": str(plot),
    }
    show(as_json, values, lambda: _text(values, heard))
    wrong = [e for model in exact for e in model.values() if e["equal"] != e["frames"]]
    if wrong:
        raise CommandError(
            f"{sum(e['frames'] - e['equal'] for e in wrong)} outputs differ from the oracles; "
            "the accelerator is not exact on this device"
        )


def _check(file: Path, kept: Kept, oracle: Oracle, geometry: str | None) -> dict[str, Any]:
    """Compare every output of the device with the golden model and with the oracle."""
    inputs, outputs = (np.concatenate(part) for part in zip(*kept, strict=True))
    checks = {}
    with Session("golden", geometry, [file], oracle) as golden:
        checks["golden model"] = _equal(outputs, golden.infer(0, inputs))
    if oracles.available(oracle):
        expected = oracles.run(oracle, file.read_bytes(), inputs)
        checks[oracles.provenance(oracle)] = _equal(outputs, expected)
    return checks


def _equal(outputs: Int8Array, expected: Int8Array) -> dict[str, int]:
    same = (outputs == expected.reshape(outputs.shape)).reshape(len(outputs), -1).all(axis=1)
    return {"frames": len(outputs), "equal": int(same.sum())}


def _text(values: dict[str, Any], heard: list[Heard]) -> str:
    table = Table(box=None, header_style="bold")
    for heading in (
        "time s",
        "true azimuth",
        "heard",
        "true elevation",
        "heard",
        "frames",
        "error",
    ):
        table.add_column(heading, justify="right")
    for h in heard:
        table.add_row(
            f"{h.segment.start:.1f} - {h.segment.end:.1f}",
            f"{h.segment.azimuth:.0f}°",
            "-" if h.azimuth is None else f"{h.azimuth:.0f}°",
            f"{h.segment.elevation:.0f}°",
            "-" if h.elevation is None else f"{h.elevation:.0f}°",
            str(h.frames),
            "-" if h.error is None else f"{h.error:.1f}°",
        )
    lines = [render(table).rstrip("\n"), ""]
    for name, figures in values["models"].items():
        lines.append(f"{name}: {_counted(figures)}")
    checks: dict[str, dict[str, int]] = {}
    for model in values["exact"].values():
        for against, found in model.items():
            total = checks.setdefault(against, {"frames": 0, "equal": 0})
            for key in total:
                total[key] += found[key]
    for against, total in checks.items():
        lines.append(
            f"bit-exact against {against}: {total['equal']} of {total['frames']} inferences"
        )
    if len(checks) == 1:
        lines.append('not compared with a runtime: none installed (pip install "otus[oracle]")')
    lines.append(
        f"{values['active_frames']} of {values['frames']} frames hold sound; "
        f"{values['seconds']:.1f} s on device {values['device']} ({values['geometry']}); "
        f"picture: {values['plot']}"
    )
    return "\n".join(lines)


def _counted(figures: dict[str, Any]) -> str:
    if figures["cycles"] is None:
        return "the device counts no cycles"
    return (
        f"{figures['cycles']} cycles an inference, {figures['utilisation']:.1%} of the "
        f"{figures['geometry']} array's MACs used"
    )
