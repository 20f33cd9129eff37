"""`otus run`: any model on arrays of inputs."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import models
from ..arch.geometry import NAMED, Geometry
from ..driver.compiler import Oracle
from ..driver.compiler.graph import NUMPY, Tensor
from ..driver.compiler.rounding import quantise_real
from ..driver.device import Device
from ..driver.executor import execute
from ..driver.link import open_link
from ..driver.plan import Plan, compile_graph
from ..files import replacing
from .report import CommandError, show, tracked
from .session import figures

Array = npt.NDArray[Any]

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
    path = models.find(model)
    asked = Geometry.parse(geometry) if geometry else None
    simulated = asked or (NAMED["default"] if device in ("sim", "golden") else None)
    # A model that cannot be compiled is refused before a simulator is built for it.
    plan = compile_graph(path, simulated, oracle) if simulated else None
    with Device(open_link(device, simulated), geometry=asked) as opened:
        if plan is None:
            plan = compile_graph(path, opened.geometry, oracle)
        frames = _frames(values, plan, inputs)
        blocks = [frames[at : at + BLOCK] for at in range(0, len(frames), BLOCK)]
        start = time.perf_counter()
        outcomes = [
            execute(plan, opened, {plan.graph.inputs[0]: block})
            for block in tracked(blocks, len(blocks), "blocks")
        ]
        seconds = time.perf_counter() - start
    parts = [sum(counted, ()) for counted in zip(*(o.counters for o in outcomes), strict=True)]
    found = {
        **figures(plan.programs, parts, plan.geometry),
        "frames": len(frames),
        "host": [plan.graph.where(o) for o, where in plan.places() if where == "host"],
        "seconds": seconds,
    }
    result = plan.outputs[0]
    outputs = np.concatenate([o.tensors[result.index] for o in outcomes])
    with replacing(output) as file:
        np.save(file, outputs.reshape(len(frames), *_each(result)))
    show(as_json, found, lambda: _text(found, output))


def _read(path: Path) -> Array:
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


def _each(tensor: Tensor) -> tuple[int, ...]:
    """Shape of one frame in a file: without a batch axis of 1."""
    return tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape


def _frames(values: Array, plan: Plan, path: Path) -> Array:
    """Check shape and type; quantise float32 as the QUANTIZE operator does (ties away)."""
    if len(plan.inputs) != 1 or len(plan.outputs) != 1:
        raise CommandError(
            f"the model has {len(plan.inputs)} inputs and {len(plan.outputs)} outputs, allowed is "
            "1 of each; use otus.driver.Interpreter in a program"
        )
    tensor = plan.inputs[0]
    dtype, shape, q = NUMPY[tensor.dtype], _each(tensor), tensor.quantisation
    quantised = dtype.kind in "iu" and q is not None
    expected = f"{dtype}{' or float32' if quantised else ''} [n, {', '.join(map(str, shape))}]"
    if values.shape[1:] != shape or values.ndim == 0 or len(values) == 0:
        raise CommandError(f"{path}: got {values.dtype} {list(values.shape)}, expected {expected}")
    if values.dtype != dtype:
        if values.dtype not in (np.float32, np.float64) or not (quantised or dtype.kind == "f"):
            raise CommandError(f"{path}: got {values.dtype}, expected {expected}")
        if not np.isfinite(values).all():
            raise CommandError(f"{path}: holds values that are not finite")
        if q is not None and quantised:
            values = quantise_real(values, q.scale, q.zero_point, dtype)
    return values.astype(dtype).reshape(len(values), *tensor.shape)


def _text(found: dict[str, Any], output: Path) -> str:
    cycles = found["cycles"]
    counted = (
        f"{cycles} cycles an inference (predicted {found['cycles_predicted']}), "
        f"{found['utilisation']:.1%} of the MACs used"
        if cycles
        else "cycles are not counted by this device"
    )
    host = f"; {len(found['host'])} operators on the host" if found["host"] else ""
    return (
        f"{found['frames']} frames on {found['geometry']} in {found['seconds']:.2f} s; "
        f"{counted}{host}; outputs in {output}"
    )
