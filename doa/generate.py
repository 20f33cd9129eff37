"""Simulate data sets: rooms, one after the other, each from its own stream of random numbers.

One clip = one room, one place of the array, one or two sources. Splits draw rooms from different
streams of random numbers and sound from different voices, so that they share neither.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .conditions import CONDITIONS, HARD, Condition
from .dataset import FIELDS, Dataset
from .definitions import UMA8
from .errors import DatasetError
from .features import FeatureDefinition, GccPhat
from .progress import track
from .recording import active
from .simulate import Scene, draw_room, draw_scene, render
from .speech import KINDS, bursts, noise, utterances, voices, white

#: Length of a clip, seconds.
CLIP = 1.2


def dry_clip(
    condition: Condition,
    pool: Sequence[NDArray[np.float32]],
    samples: int,
    fs: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], int, int]:
    """Pick what sounds: float32 [samples], its index into KINDS, its utterance's number or -1."""
    kind = int(rng.choice(len(KINDS), p=condition.kinds))
    if kind:
        return (noise, bursts, white)[kind - 1](rng, samples, fs), kind, -1
    source = int(rng.integers(len(pool)))
    said = pool[source]
    start = int(rng.integers(max(1, len(said) - samples)))
    part = np.resize(said[start:], samples) if len(said) < samples else said[start:][:samples]
    return part, kind, source


def simulate_clip(
    condition: Condition,
    scene: Scene,
    clip: int,
    pool: Sequence[NDArray[np.float32]],
    definition: FeatureDefinition,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int16], dict[str, float]]:
    """Let a scene sound.

    Parameters
        clip : its number within the set
    Returns
        the frames in which every source sounds, int16 [n, mics, frame]; values of their FIELDS
    """
    d = definition
    samples = int(CLIP * d.fs)
    dry: list[NDArray[np.float32]] = []
    sources: list[int] = []
    kinds: list[int] = []
    while len(dry) < len(scene.places):
        sound, kind, said = dry_clip(condition, pool, samples, d.fs, rng)
        source = said if said >= 0 else len(pool) + 2 * clip + len(dry)
        if source not in sources:
            dry.append(sound)
            sources.append(source)
            kinds.append(kind)
    mix, clean = render(scene, dry, d, rng)
    sounding = np.logical_and.reduce([active(d.frames(part)) for part in clean])
    frames = np.lib.stride_tricks.sliding_window_view(mix, d.frame, axis=1)[:, :: d.hop]
    first, second = scene.places[0], scene.places[-1]
    two = len(scene.places) == 2
    fields = {
        "azimuth": first.azimuth,
        "elevation": first.elevation,
        "azimuth_2": second.azimuth if two else np.nan,
        "elevation_2": second.elevation if two else np.nan,
        "rt60": scene.room.rt60 if scene.room.order is None else np.nan,
        "snr": scene.snr,
        "distance": first.distance,
        "clip": clip,
        "source": sources[0],
        "source_2": sources[1] if two else -1,
        "kind": kinds[0],
        "condition": list(CONDITIONS).index(condition.name),
    }
    return frames.swapaxes(0, 1)[sounding], fields


def make(
    split: str,
    rooms: int,
    *,
    clips: int = 4,
    conditions: Sequence[Condition] = (HARD,),
    seed: int = 1,
    pool: int = 400,
    definition: FeatureDefinition | None = None,
    audio: bool = False,
    path: str | Path | None = None,
    progress: bool = False,
) -> Dataset:
    """Simulate a data set.

    Parameters
        split : train, validation, test or demo; see speech.SPLITS
        rooms : how many rooms
        clips : clips of CLIP seconds a room, each with its own sources and place of the array
        conditions : taken in turn, one a room
        pool : how many utterances are spoken to choose from
        audio : keep the samples of the frames
        path : also save the set to this .npz file
    Returns
        the frames in which every source sounds: the gate of `recording.active`, applied to what
        the microphones would record of each source alone, without noise
    Raises
        DatasetError: an unknown split, espeak-ng missing, sizes below 1
    """
    for name, value in (("rooms", rooms), ("clips", clips), ("pool", pool)):
        if value < 1:
            raise DatasetError(f"{name}: got {value}, allowed are integers from 1")
    d = definition or UMA8
    number = voices(split).number
    compute = GccPhat(d)
    said = utterances(split, pool, d.fs, seed, track(range(pool), f"{split}: speech", progress))
    features: list[NDArray[np.float32]] = []
    heard: list[NDArray[np.int16]] = []
    columns: dict[str, list[Any]] = {name: [] for name in FIELDS}
    for room_number in track(range(rooms), f"{split}: rooms", progress):
        rng = np.random.default_rng([seed, number, 2, room_number])
        condition = conditions[room_number % len(conditions)]
        room = draw_room(condition, split, rng)
        for clip in range(room_number * clips, (room_number + 1) * clips):
            scene = draw_scene(condition, room, d, rng)
            frames, fields = simulate_clip(condition, scene, clip, said, d, rng)
            features.append(compute(frames * np.float32(1 / 32768)))
            if audio:
                heard.append(frames)
            for field, of_clip in (fields | {"room": room_number}).items():
                columns[field] += [of_clip] * len(frames)
    made = Dataset(
        np.concatenate(features),
        {name: np.array(columns[name], dtype=kind) for name, kind in FIELDS.items()},
        {
            "split": split,
            "seed": seed,
            "conditions": [c.name for c in conditions],
            "rooms": rooms,
            "clips": clips,
            "features": d.to_dict(),
        },
        np.concatenate(heard) if audio else None,
    )
    if path is not None:
        made.save(path)
    return made
