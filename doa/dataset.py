"""Data sets of frames with known directions: what they hold, and their file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DatasetError
from .features import FeatureDefinition
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
        """Write a .npz file."""
        with Path(path).open("wb") as file:
            arrays: dict[str, NDArray[Any]] = {"features": self.features, **self.fields}
            if self.audio is not None:
                arrays["audio"] = self.audio
            np.savez(file, allow_pickle=False, meta=np.array(json.dumps(self.meta)), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Dataset":
        """Read what `save` wrote."""
        path = Path(path)
        if not path.is_file():
            raise DatasetError(f"{path}: no such file; make it with otus.doa.generate.make")
        try:
            with np.load(path) as file:
                meta = json.loads(str(file["meta"]))
                fields = {name: file[name] for name in FIELDS}
                return cls(file["features"], fields, meta, file.get("audio"))
        except (KeyError, ValueError, OSError) as error:
            raise DatasetError(f"{path}: not a data set of this version ({error})") from error
