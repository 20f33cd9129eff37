"""Data sets of frames with known directions: what they hold, and their file."""

import itertools
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DatasetError
from .features import FeatureDefinition
from .files import whole
from .speech import KINDS

#: Fields of a frame beside its features, and their types in the file.
FIELDS = {
    "azimuth": "float32",  # degrees
    "elevation": "float32",  # degrees
    "azimuth_2": "float32",  # of the second source; NaN where there is one
    "elevation_2": "float32",
    "rt60": "float32",  # seconds; NaN where walls reflect once
    "snr": "float32",  # dB; infinite without noise
    "distance": "float32",  # metres, of the first source
    "room": "int32",  # number of the room within the set
    "clip": "int32",  # number of the clip within the set
    "source": "int32",  # number of the source material within the set: utterance, file, noise
    "source_2": "int32",  # of the second source; -1 where there is one
    "kind": "int8",  # index into speech.KINDS, of the first source
    "condition": "int8",  # index into conditions.CONDITIONS
}

#: What numpy raises of files that are not as `write` makes them.
UNREADABLE = (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Dataset:
    """Frames with sound, and where the sound came from.

    Parameters
        features : float32 [n, lags, pairs]
        fields : one array [n] for every name in FIELDS
        meta : split, seed, sizes and the feature definition, as plain values
        audio : int16 [n, mics, frame], what the features were computed from, if it was kept
    """

    features: NDArray[np.float32]
    fields: dict[str, NDArray[Any]]
    meta: dict[str, Any]
    audio: NDArray[np.int16] | None = None

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
        frames = (len(self), self.definition.array.mics, self.definition.frame)
        if self.audio is not None and self.audio.shape != frames:
            raise DatasetError(
                f"data set: audio of shape {self.audio.shape}, its features need {frames}; "
                "make it again"
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
        audio = None if self.audio is None else self.audio[mask]
        return Dataset(self.features[mask], kept, self.meta, audio)

    def summary(self) -> dict[str, Any]:
        """Sizes and ranges, as a model card reports them."""
        kinds = np.bincount(self["kind"], minlength=len(KINDS)) / max(len(self), 1)
        quantities = ("elevation", "rt60", "snr", "distance")
        finite = {q: self[q][np.isfinite(self[q])] for q in quantities}
        quartiles = {q: np.percentile(v, [0, 25, 50, 75, 100]) for q, v in finite.items() if len(v)}
        return {
            "split": self.meta["split"],
            "seed": self.meta["seed"],
            "conditions": self.meta["conditions"],
            "frames": len(self),
            "rooms": len(np.unique(self["room"])),
            "clips": len(np.unique(self["clip"])),
            "sources": len(np.setdiff1d(np.union1d(self["source"], self["source_2"]), [-1])),
            "kinds": {k: round(float(s), 3) for k, s in zip(KINDS, kinds, strict=True)},
            "quartiles": {q: [round(float(v), 2) for v in vs] for q, vs in quartiles.items()},
        }

    def save(self, path: str | Path) -> None:
        """Write a .npz file, whole or not at all."""
        arrays = {"features": self.features, **self.fields}
        write(path, self.meta, arrays, [] if self.audio is None else [self.audio])

    @classmethod
    def load(cls, path: str | Path, *, audio: bool = True) -> "Dataset":
        """Read what `save` wrote; without the audio, which may be large, if it is not wanted."""
        path = Path(path)
        if not path.is_file():
            raise DatasetError(f"{path}: no such file; make it with otus dataset")
        if not zipfile.is_zipfile(path):
            raise DatasetError(
                f"{path}: not a data set, or a part of one; remove it and make it with otus dataset"
            )
        try:
            with path.open("rb") as raw, np.load(raw) as file:
                meta = json.loads(str(file["meta"]))
                fields = {name: file[name] for name in FIELDS}
                heard = file["audio"] if audio and "audio" in file else None
                return cls(file["features"], fields, meta, heard)
        except UNREADABLE as error:
            raise DatasetError(f"{path}: not a data set of this version ({error})") from error


def write(
    path: str | Path,
    meta: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    audio: Iterable[NDArray[np.int16]] = (),
) -> None:
    """Write a data set's .npz file, whole or not at all; the same values give the same bytes.

    Parameters
        arrays : features and fields
        audio : int16 [some, mics, frame], one part after the other; together as many as features
    """
    with whole(Path(path)) as part, zipfile.ZipFile(part, "w", allowZip64=True) as file:
        for name, values in {"meta": np.array(json.dumps(meta)), **arrays}.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, values, allow_pickle=False)
        parts = iter(audio)
        if (first := next(parts, None)) is not None:
            with file.open("audio.npy", "w", force_zip64=True) as entry:
                shape = (len(arrays["features"]), *first.shape[1:])
                header = np.lib.format.header_data_from_array_1_0(first) | {"shape": shape}
                np.lib.format.write_array_header_1_0(entry, header)
                for values in itertools.chain([first], parts):
                    entry.write(np.ascontiguousarray(values).tobytes())
