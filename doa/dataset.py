"""Data sets of simulated frames with known directions.

One clip = one room, one place of the array, one source. Splits draw rooms from different streams of
random numbers and sound from different voices, so that they share neither.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from .arrays import unit_vectors
from .errors import DatasetError
from .features import FeatureDefinition, GccPhat
from .progress import track
from .recording import active
from .rooms import Room, diffuse, impulse_responses
from .speech import KIND_SHARE, KINDS, bursts, coloured, noise, utterances, voices

#: Length of a clip, seconds.
CLIP = 1.2
#: Distance kept from the walls, metres: the array's, the source's.
WALL = (0.5, 0.3)


@dataclass(frozen=True)
class Condition:
    """The ranges that clips are drawn from, each uniformly.

    Parameters
        rt60 : reverberation time, seconds
        snr : source to noise, dB
        distance : source to array, metres
        dome : share of the sources that are spread evenly over the half sphere above the array;
            the others are spread evenly over elevations. Both as far as the room has space.
    """

    name: str
    rt60: tuple[float, float]
    snr: tuple[float, float]
    distance: tuple[float, float]
    dome: float


HARD = Condition("hard", rt60=(0.2, 0.8), snr=(0, 30), distance=(0.5, 3.0), dome=1.0)
EASY = Condition("easy", rt60=(0.2, 0.4), snr=(15, 30), distance=(0.5, 1.5), dome=1.0)
HARD_HIGH = Condition("hard-high", HARD.rt60, HARD.snr, HARD.distance, dome=0.0)
EASY_HIGH = Condition("easy-high", EASY.rt60, EASY.snr, EASY.distance, dome=0.0)
CONDITIONS = {c.name: c for c in (HARD, EASY, HARD_HIGH, EASY_HIGH)}

#: Fields of a frame beside its features, and their types in the file.
FIELDS = {
    "azimuth": "float32",  # degrees
    "elevation": "float32",  # degrees
    "rt60": "float32",  # seconds
    "snr": "float32",  # dB
    "distance": "float32",  # metres
    "room": "int32",  # number of the room within the set
    "clip": "int32",  # number of the clip within the set
    "source": "int32",  # number of the utterance, or -1 - clip for noise and bursts
    "kind": "int8",  # index into speech.KINDS
    "condition": "int8",  # index into CONDITIONS
}


@dataclass(frozen=True)
class Dataset:
    """Frames with sound, and where the sound came from.

    Parameters
        features : float32 [n, lags, pairs]
        fields : one array [n] for every name in FIELDS
        meta : split, seed, sizes and the feature definition, as plain values
    """

    features: NDArray[np.float32]
    fields: dict[str, NDArray[Any]]
    meta: dict[str, Any]

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.fields.items()}
        if set(lengths) != set(FIELDS) or set(lengths.values()) != {len(self.features)}:
            raise DatasetError(
                f"data set: {len(self.features)} features with fields {lengths}; make it again"
            )
        if self.features.shape[1:] != self.definition.shape:
            raise DatasetError(
                f"data set: features of shape {self.features.shape[1:]}, its definition says "
                f"{self.definition.shape}; make it again"
            )

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.fields[name]

    @property
    def definition(self) -> FeatureDefinition:
        """The definition that the features were computed by."""
        return FeatureDefinition.from_dict(self.meta["features"])

    def where(self, mask: NDArray[np.bool_]) -> "Dataset":
        """Keep some of the frames: mask is bool [n]."""
        kept = {name: values[mask] for name, values in self.fields.items()}
        return Dataset(self.features[mask], kept, self.meta)

    def summary(self) -> dict[str, Any]:
        """Sizes and ranges, as a model card reports them."""
        kinds = np.bincount(self["kind"], minlength=len(KINDS)) / max(len(self), 1)
        quantities = ("elevation", "rt60", "snr", "distance")
        quartiles = {q: np.percentile(self[q], [0, 25, 50, 75, 100]) for q in quantities}
        return {
            "split": self.meta["split"],
            "seed": self.meta["seed"],
            "conditions": self.meta["conditions"],
            "frames": len(self),
            "rooms": len(np.unique(self["room"])),
            "clips": len(np.unique(self["clip"])),
            "kinds": {k: round(float(s), 3) for k, s in zip(KINDS, kinds, strict=True)},
            "quartiles": {q: [round(float(v), 2) for v in vs] for q, vs in quartiles.items()},
        }

    def save(self, path: str | Path) -> None:
        """Write a .npz file."""
        with Path(path).open("wb") as file:
            arrays = {"features": self.features, **self.fields}
            np.savez(file, allow_pickle=False, meta=np.array(json.dumps(self.meta)), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Dataset":
        """Read what `save` wrote."""
        path = Path(path)
        if not path.is_file():
            raise DatasetError(f"{path}: no such file; make it with otus.doa.dataset.make")
        try:
            with np.load(path) as file:
                meta = json.loads(str(file["meta"]))
                return cls(file["features"], {name: file[name] for name in FIELDS}, meta)
        except (KeyError, ValueError, OSError) as error:
            raise DatasetError(f"{path}: not a data set of this version ({error})") from error


@dataclass(frozen=True)
class Scene:
    """Where everything stands: one draw from a condition.

    Parameters
        mics : float64 [mics, 3], source : float64 [3], metres from the room's corner
        azimuth, elevation : degrees, of the source as the array sees it
    """

    room: Room
    mics: NDArray[np.float64]
    source: NDArray[np.float64]
    azimuth: float
    elevation: float
    distance: float
    snr: float


def draw_room(condition: Condition, rng: np.random.Generator) -> Room:
    """Draw a room of 3.5 to 8 m, 2.4 to 3.5 m high, at 15 to 28 degrees Celsius."""
    x, y = rng.uniform(3.5, 8.0, 2)
    return Room(
        (float(x), float(y), float(rng.uniform(2.4, 3.5))),
        rt60=float(rng.uniform(*condition.rt60)),
        c=float(rng.uniform(340.0, 348.0)),
    )


def draw_scene(
    condition: Condition, room: Room, definition: FeatureDefinition, rng: np.random.Generator
) -> Scene:
    """Place the array, turned at random, on a table or a shelf, and a source around it."""
    size = np.asarray(room.size)
    array = definition.array
    even = rng.random() < condition.dome
    for _ in range(10_000):
        centre = rng.uniform([WALL[0]] * 3, [size[0] - WALL[0], size[1] - WALL[0], 1.5])
        azimuth = rng.uniform(0, 360)
        elevation = np.degrees(np.arcsin(rng.random())) if even else rng.uniform(0, 90)
        distance = rng.uniform(*condition.distance)
        turn = np.radians(rng.uniform(0, 360))
        c, s = np.cos(turn), np.sin(turn)
        rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        source = centre + rotation @ unit_vectors(azimuth, elevation) * distance
        if (source > WALL[1]).all() and (source < size - WALL[1]).all():
            slack = rng.normal(scale=0.0005, size=array.xyz.shape)
            mics = centre + (array.xyz + slack) @ rotation.T
            snr = rng.uniform(*condition.snr)
            return Scene(room, mics, source, azimuth, float(elevation), distance, snr)
    raise DatasetError(f"condition {condition.name!r}: no space for it in a room {room.size} m")


def background_noise(
    wet: NDArray[np.float64], snr: float, definition: FeatureDefinition, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Make noise for a clip: coloured noise from everywhere and the microphones' own, in any ratio.

    Parameters
        wet : float64 [mics, samples], what the noise is measured against where it is not quiet
        snr : dB
    Returns
        float64 [mics, samples], the noise alone
    """
    field = diffuse(definition.array, wet.shape[1], definition.fs, rng)
    tint = coloured(rng, 256, definition.fs)
    field = scipy.signal.fftconvolve(field, tint[None], axes=1, mode="same")
    hiss = rng.normal(size=wet.shape)
    share = rng.random()
    background = share * field / np.sqrt(np.mean(field**2)) + (1 - share) * hiss
    sounding = np.abs(wet[0]) > 0.05 * np.abs(wet[0]).max()
    ratio = np.mean(wet[:, sounding] ** 2) / np.mean(background**2)
    return np.asarray(background * np.sqrt(ratio) * 10 ** (-snr / 20), dtype=np.float64)


def render(
    scene: Scene, dry: NDArray[np.float32], definition: FeatureDefinition, rng: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Let a source sound in a scene.

    Parameters
        dry : float32 [samples] at the definition's rate
    Returns
        what the microphones record, int16 [mics, samples]; the same without noise, float64,
        full scale +-1
    """
    d = definition
    response = impulse_responses(scene.room, d.array, scene.mics, scene.source, d.fs, rng)
    wet = scipy.signal.fftconvolve(dry[None], response, axes=1)[:, : len(dry)]
    background = background_noise(wet, scene.snr, d, rng)
    gain = 10 ** (rng.normal(scale=0.5, size=(d.array.mics, 1)) / 20)
    level = 10 ** (rng.uniform(-30, -3) / 20) / np.abs(wet + background).max() / gain.max()
    mix = level * gain * (wet + background)
    return np.rint(mix * 32767).astype(np.int16), level * gain * wet


def dry_clip(
    pool: Sequence[NDArray[np.float32]], samples: int, fs: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], int, int]:
    """Pick what sounds: float32 [samples], its index into KINDS, its utterance's number or -1."""
    kind = int(rng.choice(len(KINDS), p=KIND_SHARE))
    if kind:
        return (noise if kind == 1 else bursts)(rng, samples, fs), kind, -1
    source = int(rng.integers(len(pool)))
    said = pool[source]
    start = int(rng.integers(max(1, len(said) - samples)))
    part = np.resize(said[start:], samples) if len(said) < samples else said[start:][:samples]
    return part, kind, source


def make(
    split: str,
    rooms: int,
    *,
    clips: int = 4,
    conditions: Sequence[Condition] = (HARD,),
    seed: int = 1,
    pool: int = 400,
    definition: FeatureDefinition | None = None,
    path: str | Path | None = None,
    progress: bool = False,
) -> Dataset:
    """Simulate a data set.

    Parameters
        split : train, validation, test or demo; see speech.SPLITS
        rooms : how many rooms
        clips : clips of CLIP seconds a room, each with its own source and place of the array
        conditions : taken in turn, one a room
        pool : how many utterances are spoken to choose from
        path : also save the set to this .npz file
    Returns
        the frames in which the source sounds: the gate of `recording.active`, applied to what
        the microphones would record without noise
    Raises
        DatasetError: an unknown split, espeak-ng missing, sizes below 1
    """
    for name, value in (("rooms", rooms), ("clips", clips), ("pool", pool)):
        if value < 1:
            raise DatasetError(f"{name}: got {value}, allowed are integers from 1")
    d = definition or FeatureDefinition()
    number = voices(split).number
    compute = GccPhat(d)
    said = utterances(split, pool, d.fs, seed, track(range(pool), f"{split}: speech", progress))
    names = list(CONDITIONS)
    features: list[NDArray[np.float32]] = []
    rows: list[list[float]] = []
    for room_number in track(range(rooms), f"{split}: rooms", progress):
        rng = np.random.default_rng([seed, number, 2, room_number])
        condition = conditions[room_number % len(conditions)]
        room = draw_room(condition, rng)
        for clip in range(room_number * clips, (room_number + 1) * clips):
            scene = draw_scene(condition, room, d, rng)
            dry, kind, source = dry_clip(said, int(CLIP * d.fs), d.fs, rng)
            mix, clean = render(scene, dry, d, rng)
            sounding = active(d.frames(clean))
            features.append(compute(d.frames(mix)[sounding]))
            number_or_clip = source if kind == 0 else -1 - clip
            row = [scene.azimuth, scene.elevation, room.rt60, scene.snr, scene.distance]
            row += [room_number, clip, number_or_clip, kind, names.index(condition.name)]
            rows += [row] * int(sounding.sum())
    columns = np.array(rows, dtype=np.float64).reshape(-1, len(FIELDS)).T
    made = Dataset(
        np.concatenate(features),
        {n: v.astype(t) for (n, t), v in zip(FIELDS.items(), columns, strict=True)},
        {
            "split": split,
            "seed": seed,
            "conditions": [c.name for c in conditions],
            "rooms": rooms,
            "clips": clips,
            "features": d.to_dict(),
        },
    )
    if path is not None:
        made.save(path)
    return made
