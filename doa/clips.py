"""One clip of a data set: what sounds in a scene, and the frames in which it does."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .conditions import CONDITIONS, Condition
from .errors import DatasetError
from .features import FeatureDefinition
from .material import Material, stretch
from .recording import active
from .simulate import Scene, render
from .speech import KINDS, bursts, noise, white

#: Length of a clip, seconds.
CLIP = 1.2
#: Attempts to draw two sources that differ.
DRAWS = 1000


def silenced(chosen: Condition, source: Material) -> Condition:
    """Share speech out among the other kinds where there is none."""
    if source.count:
        return chosen
    rest = sum(chosen.kinds[1:])
    return dataclasses.replace(chosen, kinds=(0.0, *(share / rest for share in chosen.kinds[1:])))


def simulate_clip(
    chosen: Condition,
    scene: Scene,
    clip: int,
    files: Sequence[Path],
    definition: FeatureDefinition,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int16], dict[str, float]]:
    """Let a scene sound.

    Parameters
        clip : its number within the set
        files : the utterances or recordings to choose from
    Returns
        the frames in which every source sounds, int16 [n, mics, frame]; values of their FIELDS
    """
    d = definition
    sounds, sources, kinds = draw_sounds(chosen, clip, files, d.fs, rng)
    mix, clean = render(scene, sounds, d, rng)
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
        "condition": list(CONDITIONS).index(chosen.name),
    }
    return frames.swapaxes(0, 1)[sounding], fields


def draw_sounds(
    chosen: Condition, clip: int, files: Sequence[Path], fs: int, rng: np.random.Generator
) -> tuple[list[NDArray[np.float32]], list[int], list[int]]:
    """Draw what a clip's sources play.

    Returns
        of each: float32 [samples]; its number within the set, which no other material has; its
        index into KINDS
    """
    samples = int(CLIP * fs)
    sounds: list[NDArray[np.float32]] = []
    sources: list[int] = []
    kinds: list[int] = []
    for _ in range(DRAWS):
        kind = int(rng.choice(len(KINDS), p=chosen.kinds))
        if kind:
            sound = (noise, bursts, white)[kind - 1](rng, samples, fs)
            source = len(files) + 2 * clip + len(sounds)
        else:
            source = int(rng.integers(len(files)))
            sound = stretch(files[source], samples, fs, rng)
        if source not in sources:
            sounds.append(sound)
            sources.append(source)
            kinds.append(kind)
        if len(sounds) == chosen.sources:
            return sounds, sources, kinds
    raise DatasetError(
        f"condition {chosen.name!r}: no two different sources among {len(files)}; give more"
    )
