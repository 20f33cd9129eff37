"""Microphone arrays: where the microphones stand, and which pairs are compared.

Axes: x towards azimuth 0, y towards azimuth 90 (counter-clockwise seen from above), z up; metres.
"""

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DefinitionError

Position = tuple[float, float, float]

#: An array wider than this is one whose positions are not in metres.
WIDEST = 10.0


@dataclass(frozen=True)
class Array:
    """A named microphone array.

    Parameters
        name : the name that feature definitions and model cards carry
        positions : [mics][3] metres, in the order of the recording's channels
    """

    name: str
    positions: tuple[Position, ...]

    def __post_init__(self) -> None:
        if len(self.positions) < 2:
            raise DefinitionError(
                f"array {self.name!r}: {len(self.positions)} microphones, at least 2 are needed"
            )
        xyz = np.asarray(self.positions, dtype=np.float64)
        if xyz.shape != (len(self.positions), 3) or not np.isfinite(xyz).all():
            raise DefinitionError(
                f"array {self.name!r}: positions must be finite [mics, 3] metres, got {xyz.shape}"
            )
        gaps = np.linalg.norm(xyz[:, None] - xyz[None], axis=-1)[np.triu_indices(len(xyz), 1)]
        if gaps.min() < 1e-4:
            raise DefinitionError(f"array {self.name!r}: two microphones stand on the same spot")
        if gaps.max() > WIDEST:
            raise DefinitionError(
                f"array {self.name!r}: {gaps.max():g} m wide, allowed are {WIDEST:g} m; positions "
                "and radius are in metres"
            )

    @property
    def mics(self) -> int:
        """How many microphones there are."""
        return len(self.positions)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Microphone pairs (i, j), i < j, in the order of `itertools.combinations`."""
        return tuple(combinations(range(self.mics), 2))

    @property
    def xyz(self) -> NDArray[np.float64]:
        """Positions as float64 [mics, 3] metres."""
        return np.asarray(self.positions, dtype=np.float64)

    @property
    def aperture(self) -> float:
        """The largest distance between two microphones, metres."""
        xyz = self.xyz
        return max(float(np.linalg.norm(xyz[i] - xyz[j])) for i, j in self.pairs)


def circle(radius: float, mics: int) -> tuple[Position, ...]:
    """Microphone k at k * 360 / mics degrees, counter-clockwise from +x, in the plane z = 0."""
    angles = 2 * np.pi * np.arange(mics) / mics
    return tuple((float(radius * np.cos(a)), float(radius * np.sin(a)), 0.0) for a in angles)


def unit_vectors(
    azimuth: NDArray[np.float64] | float, elevation: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Directions towards a source: degrees in, float64 [..., 3] out."""
    az, el = np.broadcast_arrays(np.radians(azimuth), np.radians(elevation))
    return np.stack([np.cos(el) * np.cos(az), np.cos(el) * np.sin(az), np.sin(el)], axis=-1)


#: Radius of the miniDSP UMA-8's ring, metres; the reference application reckons with 45 mm.
UMA8_RADIUS = 0.0425
REFERENCE_RADIUS = 0.045
#: Half the side of the square of the ReSpeaker USB 4-mic array, metres.
RESPEAKER4_HALF = 0.02285

PRESETS: dict[str, Array] = {
    array.name: array
    for array in (
        Array("uma8", circle(UMA8_RADIUS, 6)),
        Array("uma8-centre", (*circle(UMA8_RADIUS, 6), (0.0, 0.0, 0.0))),
        Array(
            "respeaker4",
            tuple(
                (x * RESPEAKER4_HALF, y * RESPEAKER4_HALF, 0.0)
                for x, y in ((1, 1), (-1, 1), (-1, -1), (1, -1))
            ),
        ),
        Array("reference", circle(REFERENCE_RADIUS, 6)),
    )
}


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which of the known names is near, for an error message: "" or "; did you mean ...?"."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def preset(name: str) -> Array:
    """Look up a named array: uma8, uma8-centre, respeaker4 or reference."""
    if name not in PRESETS:
        raise DefinitionError(
            f"array {name!r} is not known; known arrays: {', '.join(sorted(PRESETS))}"
            f"{suggestion(name, PRESETS)}"
        )
    return PRESETS[name]


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file as plain values; say where it is not TOML."""
    path = Path(path)
    if not path.is_file():
        raise DefinitionError(f"{path}: no such file")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path}: not a TOML file ({error})") from error


def from_table(table: Mapping[str, Any], where: str) -> Array:
    """Make an array of plain values, as a TOML file has them.

    Parameters
        table : `name`, and either `radius` (metres) and `mics` of a circle, with `centre = true`
            for one more microphone in its middle, or `positions`, [mics][2 or 3] metres
        where : what error messages call the table
    Raises
        DefinitionError: a key is missing, unknown or out of range; the name is another array's
    """
    ring, listed = {"name", "radius", "mics", "centre"}, {"name", "positions"}
    unknown = sorted(set(table) - ring - listed)
    if unknown:
        raise DefinitionError(
            f"{where}: unknown key {unknown[0]!r}{suggestion(unknown[0], ring | listed)}"
            f"; allowed: {', '.join(sorted(ring | listed))}"
        )
    name = table.get("name")
    if not isinstance(name, str) or not name.strip():
        raise DefinitionError(f'{where}: name: got {name!r}; write name = "my-array"')
    if ("positions" in table) == ("radius" in table) or not set(table) <= (
        listed if "positions" in table else ring
    ):
        raise DefinitionError(
            f"{where}: give either radius and mics (and centre) of a circle, or positions; got "
            f"{', '.join(sorted(set(table) - {'name'})) or 'neither'}"
        )
    placed = _listed(table, where) if "positions" in table else _ring(table, where)
    array = Array(name, placed)
    check_name(array, f"{where}: name")
    return array


def check_name(array: Array, where: str) -> None:
    """Refuse an array that has the name of a preset and other positions."""
    named = PRESETS.get(array.name, array)
    if named.mics != array.mics or not np.allclose(named.xyz, array.xyz, atol=1e-6):
        raise DefinitionError(
            f"{where}: {array.name!r} is the name of another array; give this one its own"
        )


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _ring(table: Mapping[str, Any], where: str) -> tuple[Position, ...]:
    """Positions of a circle, with a microphone in the middle if `centre` says so."""
    radius, mics, centre = table["radius"], table.get("mics"), table.get("centre", False)
    if not _number(radius) or radius <= 0:
        raise DefinitionError(f"{where}: radius: got {radius!r}, allowed are metres over 0")
    if type(mics) is not int or not 2 <= mics <= 64:
        raise DefinitionError(f"{where}: mics: got {mics!r}, allowed are 2 to 64 on the circle")
    if type(centre) is not bool:
        raise DefinitionError(f"{where}: centre: got {centre!r}, allowed are true and false")
    return circle(radius, mics) + (((0.0, 0.0, 0.0),) if centre else ())


def _listed(table: Mapping[str, Any], where: str) -> tuple[Position, ...]:
    """Positions as a list gives them; where it gives no height it is 0."""
    rows = table["positions"]
    if not isinstance(rows, list):
        raise DefinitionError(f"{where}: positions: got {rows!r}, allowed is [[x, y, z], ...]")
    for k, row in enumerate(rows):
        if not isinstance(row, list) or len(row) not in (2, 3) or not all(map(_number, row)):
            raise DefinitionError(
                f"{where}: positions: microphone {k}: got {row!r}, allowed is [x, y] or "
                "[x, y, z] in metres"
            )
    return tuple((float(r[0]), float(r[1]), float(r[2]) if len(r) == 3 else 0.0) for r in rows)
