"""One clip: draw where everything stands, let it sound, and hear what the microphones record."""

from dataclasses import dataclass

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from .arrays import Array, unit_vectors
from .conditions import APART, Condition
from .errors import DatasetError
from .features import FeatureDefinition
from .rooms import Room, diffuse, impulse_responses
from .speech import coloured

#: Distance kept from the walls, metres: the array's, the source's, the source's in the reference.
WALL = (0.5, 0.3, 0.5)
#: A microphone further than this from the middle of the array, metres, may be in a wall or at a
#: source.
REACH = 0.4
#: The second source is louder than the first by this many dB at most, or softer.
LEVEL_DB = 3.0
#: Share of the energy that the walls of the reference's rooms take; it tells none.
REFERENCE_ABSORPTION = 0.2
#: In the reference's rooms sources stand at this many heights, evenly from the array's to 0.5 m
#: below the ceiling.
REFERENCE_HEIGHTS = 5


@dataclass(frozen=True)
class Place:
    """Where a source stands.

    Parameters
        xyz : float64 [3], metres from the room's corner
        azimuth, elevation, distance : as the array sees it; degrees, metres
    """

    xyz: NDArray[np.float64]
    azimuth: float
    elevation: float
    distance: float


@dataclass(frozen=True)
class Scene:
    """Where everything stands: one draw from a condition.

    Parameters
        mics : float64 [mics, 3], metres from the room's corner
        places : of each source
        snr : dB
        gain : standard deviation of the microphones' gains, dB
    """

    room: Room
    mics: NDArray[np.float64]
    places: tuple[Place, ...]
    snr: float
    gain: float


def draw_room(condition: Condition, split: str, rng: np.random.Generator) -> Room:
    """Draw a room of 3.5 to 8 m, 2.4 to 3.5 m high, at 15 to 28 degrees Celsius.

    Where the condition has rooms of its own it is one of those of the split.
    """
    if condition.rooms is not None:
        sizes = condition.rooms[split]
        size = sizes[int(rng.integers(len(sizes)))]
        return Room.reflecting(size, REFERENCE_ABSORPTION, order=1)
    x, y = rng.uniform(3.5, 8.0, 2)
    return Room(
        (float(x), float(y), float(rng.uniform(2.4, 3.5))),
        rt60=float(rng.uniform(*condition.rt60)),
        c=float(rng.uniform(340.0, 348.0)),
    )


def layout(array: Array) -> NDArray[np.float64]:
    """Positions from the middle of the microphones, where directions count from: [mics, 3] m."""
    return np.asarray(array.xyz - array.xyz.mean(axis=0))


def draw_scene(
    condition: Condition, room: Room, definition: FeatureDefinition, rng: np.random.Generator
) -> Scene:
    """Place the array and the sources around it.

    The array stands on a table or a shelf, turned at random; in the reference's rooms in the
    middle, with azimuth 0 along the first side.
    """
    places: tuple[Place, ...]
    if condition.rooms is not None:
        centre, turn = np.asarray(room.size) / 2, 0.0
        places = (reference_place(room, centre, rng),)
    else:
        centre, turn, places = draw_places(condition, room, rng)
    calm = np.isinf(condition.snr).any()
    snr = np.inf if calm else float(rng.uniform(*condition.snr))
    slack = rng.normal(scale=condition.slack, size=(definition.array.mics, 3))
    mics = centre + (layout(definition.array) + slack) @ turned(turn).T
    return Scene(room, mics, places, snr, condition.gain)


def turned(degrees: float) -> NDArray[np.float64]:
    """Matrix of a turn about the vertical axis, counter-clockwise: float64 [3, 3]."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def draw_places(
    condition: Condition, room: Room, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float, tuple[Place, ...]]:
    """Draw until all fits into the room: the array's centre [3], its turn in degrees, sources."""
    size = np.asarray(room.size)
    even = rng.random(condition.sources) < condition.dome
    for _ in range(10_000):
        centre = rng.uniform([WALL[0]] * 3, [size[0] - WALL[0], size[1] - WALL[0], 1.5])
        turn = float(rng.uniform(0, 360))
        azimuths = rng.uniform(0, 360, condition.sources)
        if condition.sources == 2 and abs((np.diff(azimuths)[0] + 180) % 360 - 180) < APART:
            continue
        places = []
        for azimuth, on_dome in zip(azimuths, even, strict=True):
            elevation = np.degrees(np.arcsin(rng.random())) if on_dome else rng.uniform(0, 90)
            distance = rng.uniform(*condition.distance)
            towards = turned(turn) @ unit_vectors(azimuth, elevation)
            xyz = centre + towards * distance
            places.append(Place(xyz, float(azimuth), float(elevation), float(distance)))
        if all((p.xyz > WALL[1]).all() and (p.xyz < size - WALL[1]).all() for p in places):
            return centre, turn, tuple(places)
    raise DatasetError(f"condition {condition.name!r}: no space for it in a room {room.size} m")


def reference_place(room: Room, centre: NDArray[np.float64], rng: np.random.Generator) -> Place:
    """Draw a whole degree and a height; the source stands 0.5 m from the wall in that direction."""
    azimuth = float(rng.integers(360))
    along = unit_vectors(azimuth, 0.0)
    reach = np.asarray(room.size) / 2 - WALL[2]
    flat = float((reach[:2] / np.maximum(np.abs(along[:2]), 1e-9)).min())
    up = float(rng.choice(np.linspace(0.0, reach[2], REFERENCE_HEIGHTS)))
    xyz = centre + flat * along + np.array([0.0, 0.0, up])
    return Place(xyz, azimuth, float(np.degrees(np.arctan2(up, flat))), float(np.hypot(flat, up)))


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
    sounding = loud(wet)
    ratio = np.mean(wet[:, sounding] ** 2) / np.mean(background**2)
    return np.asarray(background * np.sqrt(ratio) * 10 ** (-snr / 20), dtype=np.float64)


def loud(wet: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Samples [mics, samples] that are not quiet, by the first microphone: bool [samples]."""
    return np.asarray(np.abs(wet[0]) > 0.05 * np.abs(wet[0]).max())


def render(
    scene: Scene,
    dry: list[NDArray[np.float32]],
    definition: FeatureDefinition,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int16], list[NDArray[np.float64]]]:
    """Let the sources sound in a scene.

    Parameters
        dry : of each source, float32 [samples] at the definition's rate
    Returns
        what the microphones record, int16 [mics, samples]; of each source the same without noise
        and without the other, float64, full scale +-1
    """
    d = definition
    wet = []
    for place, sound in zip(scene.places, dry, strict=True):
        response = impulse_responses(scene.room, d.array, scene.mics, place.xyz, d.fs, rng)
        wet.append(scipy.signal.fftconvolve(sound[None], response, axes=1)[:, : len(sound)])
    if len(wet) == 2:
        first, second = (np.sqrt(np.mean(w[:, loud(w)] ** 2)) for w in wet)
        wet[1] *= first / second * 10 ** (rng.uniform(-LEVEL_DB, LEVEL_DB) / 20)
    mixed = np.sum(wet, axis=0)
    if np.isfinite(scene.snr):
        mixed += background_noise(mixed, scene.snr, d, rng)
    gain = 10 ** (rng.normal(scale=scene.gain, size=(d.array.mics, 1)) / 20)
    level = 10 ** (rng.uniform(-30, -3) / 20) / np.abs(mixed).max() / gain.max()
    return np.rint(level * gain * mixed * 32767).astype(np.int16), [level * gain * w for w in wet]
