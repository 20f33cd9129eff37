"""Simulate data sets: room after room, on any number of processes, in any number of attempts.

A room's frames follow from the plan and the room's number alone, each room from its own stream of
random numbers. Every room is a file in a work folder until all are there, so that an interrupted
run goes on where it was; the data set then puts them together in their order. Splits draw from
different streams, and sound from different voices or files, so that they share neither.
"""

import dataclasses
import functools
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .clips import CLIP, silenced, simulate_clip
from .conditions import HARD, Condition, condition
from .dataset import FIELDS, UNREADABLE, Dataset, write
from .definitions import UMA8
from .errors import DatasetError
from .features import FeatureDefinition, GccPhat
from .files import whole
from .material import NONE, Material, material, speak
from .parallel import spread
from .provenance import processor, versions
from .simulate import REACH, draw_room, draw_scene, layout
from .speech import voices

#: Most utterances that are spoken to choose from, if not told otherwise.
POOL = 400
#: Packages whose version can change a data set's bytes.
PACKAGES = ("otus", "numpy", "scipy", "pyroomacoustics", "soundfile")


@dataclass(frozen=True)
class Plan:
    """Everything that decides what a data set holds.

    Parameters
        split : train, validation, test or demo; see speech.SPLITS
        rooms : how many rooms
        clips : clips of clips.CLIP seconds a room, each with its own sources and place of the array
        conditions : names, taken in turn, one a room
        material : what sounds where a condition says speech
        audio : whether the samples of the frames are kept
    """

    split: str
    rooms: int
    clips: int
    conditions: tuple[str, ...]
    seed: int
    material: Material
    definition: FeatureDefinition
    audio: bool

    def __post_init__(self) -> None:
        voices(self.split)
        for name, least in (("rooms", 1), ("clips", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise DatasetError(
                    f"{name}: got {getattr(self, name)}, allowed are integers from {least}"
                )
        if self.definition.frame > CLIP * self.definition.fs:
            raise DatasetError(
                f"frame: got {self.definition.frame} samples at {self.definition.fs} Hz, a clip is "
                f"{CLIP:g} s long"
            )
        reach = float(np.linalg.norm(layout(self.definition.array), axis=1).max())
        if reach > REACH:
            raise DatasetError(
                f"array {self.definition.array.name!r}: a microphone is {reach:.3g} m from the "
                f"middle, allowed are {REACH:g} m: larger arrays do not fit where they are placed"
            )
        if not self.conditions:
            raise DatasetError("conditions: got none, at least one is needed")
        for name in self.conditions:
            condition(name)

    @functools.cached_property
    def meta(self) -> dict[str, Any]:
        """The plan as plain values, and what else the bytes depend on."""
        return {
            "split": self.split,
            "seed": self.seed,
            "conditions": list(self.conditions),
            "rooms": self.rooms,
            "clips": self.clips,
            "material": self.material.count,
            "audio": self.audio,
            "features": self.definition.to_dict(),
            "made_by": {
                "speech": self.material.told,
                "versions": versions(PACKAGES),
                "processor": processor(),
            },
        }


def plan_of(
    split: str,
    rooms: int,
    *,
    clips: int,
    conditions: Sequence[str],
    seed: int,
    pool: int | None,
    folder: str | Path | None,
    speech: bool,
    definition: FeatureDefinition,
    audio: bool,
) -> Plan:
    """Find the source material of a plan; see `make` for the parameters."""
    if pool is not None and pool < 1:
        raise DatasetError(f"pool: got {pool}, allowed are integers from 1")
    plan = Plan(split, rooms, clips, tuple(conditions), seed, NONE, definition, audio)
    count = pool or min(POOL, max(2, rooms * clips))
    found = material(split, count=count, folder=folder, speech=speech)
    return dataclasses.replace(plan, material=found)


def make(
    split: str,
    rooms: int,
    *,
    clips: int = 4,
    conditions: Sequence[Condition] = (HARD,),
    seed: int = 1,
    pool: int | None = None,
    folder: str | Path | None = None,
    speech: bool = True,
    definition: FeatureDefinition = UMA8,
    audio: bool = False,
    path: str | Path | None = None,
    workers: int = 1,
    progress: bool = False,
) -> Dataset:
    """Simulate a data set.

    Parameters
        split, rooms, clips, conditions, seed, definition, audio : see Plan
        pool : how many utterances are spoken to choose from; one a clip, at most POOL, if not given
        folder : recordings that sound in place of the utterances
        speech : False for noise and bursts alone, where espeak-ng is not installed
        path : keep the set in this .npz file; a set that is there is returned, if it is this one
        workers : processes
    Returns
        the frames in which every source sounds: the gate of `recording.active`, applied to what
        the microphones would record of each source alone, without noise
    Raises
        DatasetError: an unknown split or condition, sizes below 1, no source material; or the file
            or its work folder holds another data set
    """
    for given in conditions:
        if condition(given.name) is not given:
            raise DatasetError(
                f"condition {given.name!r}: not the one of that name; data sets know those of "
                "otus.doa.conditions alone"
            )
    plan = plan_of(
        split,
        rooms,
        clips=clips,
        conditions=[c.name for c in conditions],
        seed=seed,
        pool=pool,
        folder=folder,
        speech=speech,
        definition=definition,
        audio=audio,
    )
    if path is not None:
        produce(plan, path, workers=workers, progress=progress)
        return Dataset.load(path)
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "set.npz"
        produce(plan, made, workers=workers, progress=progress)
        return Dataset.load(made)


def work_folder(path: Path) -> Path:
    """Where a data set's rooms are until all are there."""
    return path.with_name(f"{path.name}.work")


def produce(plan: Plan, path: str | Path, *, workers: int = 1, progress: bool = False) -> bool:
    """Make a data set's file, from where an interrupted run left off.

    Returns
        False if the file was there already
    Raises
        DatasetError: the file or its work folder holds another data set, or a room failed
    """
    path = Path(path)
    if path.exists():
        same_plan(plan, Dataset.load(path, audio=False).meta, path)
        return False
    work = work_folder(path)
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatasetError(f"{work}: cannot be made ({error.strerror})") from error
    with alone(work):
        resume(plan, work, workers, progress)
        collect(plan, work, path)
        shutil.rmtree(work)
    return True


@contextmanager
def alone(work: Path) -> Iterator[None]:
    """Refuse a work folder in which another process is at work."""
    with (work / "lock").open("w") as lock:
        if sys.platform != "win32":  # which has no such locks
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DatasetError(f"{work}: another run is at work in it; wait for it") from error
        yield


def resume(plan: Plan, work: Path, workers: int, progress: bool) -> None:
    """Make the utterances and rooms that a work folder has not yet."""
    settings = work / "plan.json"
    if settings.exists():
        try:
            found = json.loads(settings.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DatasetError(f"{settings}: damaged ({error}); remove {work}") from error
        same_plan(plan, found, work)
    else:
        with whole(settings) as part:
            part.write_text(json.dumps(plan.meta), encoding="utf-8")
    missing = [k for k in range(plan.material.sentences) if not spoken(work, k).exists()]
    said = functools.partial(say_one, plan, work)
    spread(said, missing, workers, f"{plan.split}: speech", progress)
    missing = [k for k in range(plan.rooms) if not shard(work, k).exists()]
    simulate = functools.partial(simulate_room, plan, work)
    spread(simulate, missing, workers, f"{plan.split}: rooms", progress)


def same_plan(plan: Plan, found: dict[str, Any], where: Path) -> None:
    """Refuse to go on with, or to take for this one, what was made by another plan."""
    wanted, there = flat(plan.meta), flat(found)
    other = [name for name in wanted if there.get(name) != wanted[name]]
    if other:
        said = "; ".join(f"{n} {there.get(n)!r}, wanted is {wanted[n]!r}" for n in other[:2])
        raise DatasetError(
            f"{where}: made with other settings ({said}); remove it or choose another file"
        )


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Bring nested plain values to one level: {"a": {"b": 1}} becomes {"a.b": 1}."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def spoken(work: Path, number: int) -> Path:
    """File of an utterance."""
    return work / f"speech-{number:06}.wav"


def shard(work: Path, number: int) -> Path:
    """File of a room's frames."""
    return work / f"room-{number:06}.npz"


def say_one(plan: Plan, work: Path, number: int) -> None:
    """Speak an utterance into the work folder."""
    speak(spoken(work, number), plan.split, number, plan.definition.fs, plan.seed)


@functools.lru_cache(maxsize=4)
def computer(definition: FeatureDefinition) -> GccPhat:
    """Keep the tables of a definition."""
    return GccPhat(definition)


def simulate_room(plan: Plan, work: Path, number: int) -> int:
    """Simulate a room's clips into the work folder; return how many frames hold sound."""
    d = plan.definition
    rng = np.random.default_rng([plan.seed, voices(plan.split).number, 2, number])
    chosen = silenced(condition(plan.conditions[number % len(plan.conditions)]), plan.material)
    room = draw_room(chosen, plan.split, rng)
    files = plan.material.files or tuple(spoken(work, k) for k in range(plan.material.sentences))
    columns: dict[str, list[Any]] = {name: [] for name in FIELDS}
    heard = []
    for clip in range(number * plan.clips, (number + 1) * plan.clips):
        scene = draw_scene(chosen, room, d, rng)
        frames, fields = simulate_clip(chosen, scene, clip, files, d, rng)
        heard.append(frames)
        for name, value in (fields | {"room": number}).items():
            columns[name] += [value] * len(frames)
    audio = np.concatenate(heard)
    arrays = {name: np.array(columns[name], dtype=kind) for name, kind in FIELDS.items()}
    arrays["features"] = computer(d)(audio * np.float32(1 / 32768))
    if plan.audio:
        arrays["audio"] = audio
    with whole(shard(work, number)) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    return len(audio)


def collect(plan: Plan, work: Path, path: Path) -> None:
    """Put the rooms together in their order."""
    shards = [shard(work, k) for k in range(plan.rooms)]
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("features", *FIELDS)}
    for one in shards:
        try:
            with one.open("rb") as raw, np.load(raw) as file:
                for name, values in parts.items():
                    values.append(file[name])
        except UNREADABLE as error:
            raise DatasetError(f"{one}: damaged ({error}); remove it and run again") from error
    arrays = {name: np.concatenate(values) for name, values in parts.items()}
    write(path, plan.meta, arrays, map(audio_of, shards) if plan.audio else ())


def audio_of(one: Path) -> NDArray[np.int16]:
    """Read a room's samples, int16 [n, mics, frame]."""
    with np.load(one) as file:
        return np.asarray(file["audio"])
