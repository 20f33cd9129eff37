"""`otus dataset`: simulated rooms, and what microphones hear in them."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table

from ..doa.conditions import CONDITIONS
from ..doa.dataset import Dataset
from ..doa.definitions import find
from ..doa.generate import Plan, plan_of, produce, say_one, shard, simulate_room, work_folder
from ..doa.parallel import available, one_thread
from .report import CommandError, render, show

#: Utterances that the bench speaks.
SPOKEN = 8


def main(
    out: Path | None,
    split: str,
    conditions: tuple[str, ...],
    rooms: int,
    clips: int,
    array: str,
    seed: int,
    utterances: int | None,
    source_folder: Path | None,
    speech: bool,
    audio: bool,
    workers: int | None,
    bench: bool,
    as_json: bool,
) -> None:
    """Make a data set and print what is in it; or measure how fast rooms are simulated."""
    if not bench and (out is None or out.suffix != ".npz"):
        raise CommandError(
            f"OUT: got {'nothing' if out is None else out}, allowed is a file NAME.npz"
        )
    plan = plan_of(
        split,
        rooms,
        clips=clips,
        conditions=conditions,
        seed=seed,
        pool=SPOKEN if bench else utterances,
        folder=source_folder,
        speech=speech,
        definition=find(array),
        audio=audio,
    )
    if bench or out is None:
        values = measure(plan)
        show(as_json, values, lambda: measured(values))
        return
    count = available() if workers is None else workers
    start = time.perf_counter()
    try:
        made = produce(plan, out, workers=count, progress=not as_json)
    except KeyboardInterrupt:
        done = sum(shard(work_folder(out), k).exists() for k in range(plan.rooms))
        raise CommandError(
            f"interrupted; {done} of {plan.rooms} rooms are kept in {work_folder(out)}, and the "
            "same command goes on from there"
        ) from None
    values = Dataset.load(out, audio=False).summary() | {
        "path": str(out),
        "made": made,
        "seconds": round(time.perf_counter() - start, 1),
        "bytes": out.stat().st_size,
        "workers": count,
        "features": list(plan.definition.shape),
        "made_by": plan.meta["made_by"],
    }
    show(as_json, values, lambda: text(values))


def text(values: dict[str, Any]) -> str:
    """Say what a data set holds."""
    kinds = ", ".join(f"{k} {share:.0%}" for k, share in values["kinds"].items() if share)
    rows = {
        "split, seed": f"{values['split']}, {values['seed']}",
        "conditions": ", ".join(values["conditions"]),
        "frames": f"{values['frames']:,} of {' lags x '.join(map(str, values['features']))} pairs",
        "rooms, clips, sources": f"{values['rooms']}, {values['clips']}, {values['sources']}",
        "sounds": kinds,
        "speech": values["made_by"]["speech"],
        "time": f"{values['seconds']:g} s, workers: {values['workers']}"
        if values["made"]
        else "it was there already",
        "size": f"{values['bytes'] / 1e6:.1f} MB",
    }
    table = Table(box=None, show_header=False)
    for name, value in rows.items():
        table.add_row(name, value)
    return f"{values['path']}\n{render(table)}"


def measure(plan: Plan) -> dict[str, Any]:
    """Simulate the plan's rooms on one core, and throw them away."""
    with TemporaryDirectory() as folder, one_thread():
        work = Path(folder)
        start = time.perf_counter()
        for number in range(plan.material.sentences):
            say_one(plan, work, number)
        middle = time.perf_counter()
        frames = sum(simulate_room(plan, work, number) for number in range(plan.rooms))
        end = time.perf_counter()
    return {
        "conditions": list(plan.conditions),
        "longest_rt60": max(CONDITIONS[name].rt60[1] for name in plan.conditions),
        "rooms": plan.rooms,
        "frames": frames,
        "frames_per_second_and_core": round(frames / (end - middle), 1),
        "seconds_per_utterance": round((middle - start) / max(plan.material.sentences, 1), 3),
        "processor": plan.meta["made_by"]["processor"],
    }


def measured(values: dict[str, Any]) -> str:
    """Say how fast it went."""
    return (
        f"{values['frames_per_second_and_core']:g} frames a second on one core: {values['frames']} "
        f"of {values['rooms']} rooms, {', '.join(values['conditions'])}; an utterance takes "
        f"{values['seconds_per_utterance']:g} s, once; {values['processor']}"
    )
