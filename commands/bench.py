"""`otus bench`: what a network costs, beside the runtimes on this machine."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table

from .. import models
from ..doa.features import FeatureDefinition, GccPhat
from ..sim import oracles
from .locate import card_of
from .report import render, show, tracked
from .session import Session

#: Warm-up inferences, not counted.
WARM = 20


#: Measured where none is given.
GEOMETRIES = ("8x8", "16x16")


def main(model: str, geometries: tuple[str, ...], frames: int, as_json: bool) -> None:
    """Measure and print."""
    geometries = geometries or GEOMETRIES
    file = models.find(model)
    features, seconds_features = _features(card_of(file)[1], frames)
    rows: list[dict[str, Any]] = []
    devices = [("sim", geometry) for geometry in geometries] + [("golden", geometries[0])]
    for device, geometry in tracked(devices, len(devices), "devices", quiet=as_json):
        with Session(device, geometry, [file], "tflm") as session:
            inputs = session.programs[0].input.quantise(features)
            session.infer(0, inputs[:WARM])
            seconds = _timed(session.infer, 0, inputs)
            rows.append({"device": device, "inferences_per_s": frames / seconds})
            rows[-1].update(session.figures(0))
    runtimes = {
        oracles.provenance(name): frames / _timed(oracles.run, name, file.read_bytes(), inputs)
        for name in oracles.PACKAGES
        if oracles.available(name)
    }
    values = {
        "model": file.name,
        "frames": frames,
        "devices": rows,
        "runtimes_inferences_per_s": runtimes,
        "gcc_phat_frames_per_s": frames / seconds_features,
    }
    show(as_json, values, lambda: _text(values))


def _features(definition: FeatureDefinition, frames: int) -> tuple[npt.NDArray[Any], float]:
    """Compute features of noise; what is in a frame does not change the time that it takes."""
    rng = np.random.default_rng(0)
    cut = rng.normal(size=(frames, definition.array.mics, definition.frame)).astype(np.float32)
    compute = GccPhat(definition)
    compute(cut[:WARM])
    start = time.perf_counter()
    features = np.concatenate([compute(cut[at : at + 16]) for at in range(0, frames, 16)])
    return features, time.perf_counter() - start


def _timed(function: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def _text(values: dict[str, Any]) -> str:
    table = Table(box=None, header_style="bold")
    headings = ("device", "geometry", "cycles", "predicted", "ideal", "MACs used", "inferences/s")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in values["devices"]:
        counted = row["cycles"] is not None
        table.add_row(
            row["device"],
            row["geometry"],
            str(row["cycles"]) if counted else "-",
            str(row["cycles_predicted"]),
            str(row["cycles_ideal"]),
            f"{row['utilisation']:.1%}" if counted else "-",
            f"{row['inferences_per_s']:.0f}",
        )
    for name, rate in values["runtimes_inferences_per_s"].items():
        table.add_row(name, "this CPU", "-", "-", "-", "-", f"{rate:.0f}")
    return (
        f"{render(table)}\n{values['model']}, {values['frames']} frames, one at a time, one "
        f"process; GCC-PHAT: {values['gcc_phat_frames_per_s']:.0f} frames/s"
    )
