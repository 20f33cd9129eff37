"""Named feature definitions, and those of TOML files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from . import arrays
from .arrays import suggestion
from .errors import DefinitionError
from .features import FORMULA, LONGEST, RANGES, SETTINGS, FeatureDefinition

_REFERENCE: dict[str, Any] = {"array": arrays.preset("reference"), "c": 340.0}

#: The shipped models' definitions have the names of their arrays; they give L, where the aperture
#: needs less. The others are those of the reference application; it names no rate for 39 lags.
#: Source: Yaghoobi 2021, "Introduction to Resource Constrained Embedded Deep Learning"
PRESETS: dict[str, FeatureDefinition] = {
    "uma8": FeatureDefinition(arrays.preset("uma8"), max_lag=6),
    "uma8-centre": FeatureDefinition(arrays.preset("uma8-centre"), max_lag=6),
    "respeaker4": FeatureDefinition(arrays.preset("respeaker4"), max_lag=6),
    "reference-13": FeatureDefinition(fs=22_050, **_REFERENCE),
    "reference-25": FeatureDefinition(fs=44_100, frame=4096, hop=2048, n_fft=8192, **_REFERENCE),
    "reference-25x2": FeatureDefinition(fs=22_050, interpolation=2, **_REFERENCE),
    "reference-39": FeatureDefinition(
        fs=44_100, frame=4096, hop=2048, n_fft=8192, max_lag=19, **_REFERENCE
    ),
}

#: What the shipped models for six microphones take: 13 lags x 15 pairs.
UMA8 = PRESETS["uma8"]


def preset(name: str) -> FeatureDefinition:
    """Look up a named definition: uma8, uma8-centre, respeaker4, reference-13, ..."""
    if name not in PRESETS:
        raise DefinitionError(
            f"array {name!r} is not known{suggestion(name, PRESETS)}; known: {', '.join(PRESETS)}; "
            "or give a file NAME.toml"
        )
    return PRESETS[name]


def find(name: str | Path) -> FeatureDefinition:
    """Look up a named definition, or read one from a TOML file.

    Parameters
        name : one of PRESETS; or a file that describes an array as `arrays.from_table` reads it,
            and may have a table `features` with some of `features.SETTINGS`
    Raises
        DefinitionError: the name is unknown; the file is missing or has something out of range
    """
    path = Path(name)
    if path.suffix.lower() != ".toml":
        return preset(str(name))
    table = arrays.read_toml(path)
    features = table.pop("features", {})
    if not isinstance(features, dict):
        raise DefinitionError(f"{path}: features: got {features!r}, allowed is a table [features]")
    unknown = sorted(set(features) - set(SETTINGS))
    if unknown:
        raise DefinitionError(
            f"{path}: features: unknown key {unknown[0]!r}{suggestion(unknown[0], SETTINGS)}"
            f"; allowed: {', '.join(SETTINGS)}"
        )
    if features.get("max_lag") == FORMULA:
        raise DefinitionError(
            f"{path}: features: max_lag: got {FORMULA}; leave it out for the least that the array "
            "needs"
        )
    array = arrays.from_table(table, str(path))
    try:
        return FeatureDefinition(array, **features)
    except DefinitionError as error:
        raise DefinitionError(f"{path}: features: {error}") from error


def finer(definition: FeatureDefinition, steps: int) -> FeatureDefinition:
    """Give a definition more lags a sample: `steps` times as many, or as many as it can have."""
    d = definition
    most = min(steps, RANGES["interpolation"][1] // d.interpolation, LONGEST // d.max_lag)
    times = max(1, most)
    return replace(d, interpolation=times * d.interpolation, max_lag=times * d.max_lag)
