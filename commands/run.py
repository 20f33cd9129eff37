"""`otus run`: any model on arrays of inputs."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from .. import models
from ..driver.compiler import Oracle
from ..driver.compiler.program import TensorSpec
from .report import CommandError, replacing, show, tracked
from .session import Int8Array, Session

#: Inputs that are sent to the device at a time.
BLOCK = 64


def main(
    model: str,
    inputs: Path,
    output: Path,
    device: str,
    geometry: str | None,
    oracle: Oracle,
    as_json: bool,
) -> None:
    """Run the model and write its outputs."""
    values = _read(inputs)
    with Session(device, geometry, [models.find(model)], oracle) as session:
        program = session.programs[0]
        quantised = _quantised(values, program.input, inputs)
        blocks = [quantised[at : at + BLOCK] for at in range(0, len(quantised), BLOCK)]
        start = time.perf_counter()
        outputs = [session.infer(0, block) for block in tracked(blocks, len(blocks), "blocks")]
        seconds = time.perf_counter() - start
        figures = {**session.figures(0), "seconds": seconds}
    with replacing(output) as file:
        np.save(file, np.concatenate(outputs))
    show(as_json, figures, lambda: _text(figures, output))


def _read(path: Path) -> np.ndarray[Any, Any]:
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise CommandError(
            f"{path}: not a .npy array ({error}); write it with numpy.save"
        ) from error
    if not isinstance(values, np.ndarray):
        values.close()
        raise CommandError(f"{path}: an .npz archive; give one array, written with numpy.save")
    return values


def _quantised(values: np.ndarray[Any, Any], spec: TensorSpec, path: Path) -> Int8Array:
    """Check shape and type; quantise float32 as the QUANTIZE operator does (ties away)."""
    shape = spec.shape[1:]
    expected = f"int8 or float32 [n, {', '.join(map(str, shape))}]"
    if values.shape[1:] != shape or values.ndim == 0 or len(values) == 0:
        raise CommandError(f"{path}: got {values.dtype} {list(values.shape)}, expected {expected}")
    if values.dtype == np.int8:
        return values
    if values.dtype not in (np.float32, np.float64):
        raise CommandError(f"{path}: got {values.dtype}, expected {expected}")
    if not np.isfinite(values).all():
        raise CommandError(f"{path}: holds values that are not finite")
    return spec.quantise(values)


def _text(figures: dict[str, Any], output: Path) -> str:
    cycles = figures["cycles"]
    counted = (
        f"{cycles} cycles an inference (predicted {figures['cycles_predicted']}), "
        f"{figures['utilisation']:.1%} of the MACs used"
        if cycles
        else "cycles are not counted by this device"
    )
    return (
        f"{figures['frames']} frames on {figures['geometry']} in {figures['seconds']:.2f} s; "
        f"{counted}; outputs in {output}"
    )
