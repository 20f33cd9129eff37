"""What sounds where a condition says speech: synthetic sentences, or a folder of recordings.

A folder's files are divided over the splits by a hash of their content, so that a file, under any
name and in any number of copies, belongs to one split on every machine.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io.wavfile
import scipy.signal
from numpy.typing import NDArray

from .errors import DatasetError
from .extras import require
from .files import whole
from .speech import espeak_version, normalised, utterance, voices

#: Suffixes of the files of a folder that are taken.
SUFFIXES = (".wav", ".flac", ".ogg")
#: Shares of a folder's files.
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
#: A stretch of a recording whose samples all stay below this is silent, of full scale.
QUIET = 1e-4
#: Silent stretches that are drawn from a recording before it counts as silent.
DRAWS = 20


@dataclass(frozen=True)
class Material:
    """Source material of one split.

    Parameters
        told : where it comes from, for the data set's record
        files : recordings; sentences that are spoken get their files later
        sentences : how many sentences are spoken
    """

    told: str
    files: tuple[Path, ...] = ()
    sentences: int = 0

    @property
    def count(self) -> int:
        """How many utterances or files there are; 0: noise and bursts sound alone."""
        return self.sentences or len(self.files)


#: Noise and bursts alone.
NONE = Material("none: noise and bursts alone")


def sentences(count: int) -> Material:
    """Let espeak-ng speak; refuse where it is not installed."""
    return Material(espeak_version(), sentences=count)


def split_of(digest: str) -> str:
    """Tell which split a file belongs to, by the SHA-256 of its content in hexadecimal."""
    at = int(digest[:8], 16) / 2**32
    for split, share in SHARES.items():
        at -= share
        if at < 0:
            return split
    return "test"


def recordings(folder: str | Path, split: str) -> Material:
    """Take the split's share of the recordings in a folder and its subfolders.

    Raises
        DatasetError: no such folder, no recordings in it, or none for this split; a file that is
            no recording; the split demo, which has sentences of its own
    """
    folder = Path(folder)
    if split not in SHARES:
        raise DatasetError(
            f"split {split!r}: a folder's files are for the splits {', '.join(SHARES)}"
        )
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    if not found:
        raise DatasetError(f"{folder}: no recordings in it ({', '.join(SUFFIXES)})")
    digests: dict[str, Path] = {}
    for path in found:
        with path.open("rb") as file:
            digests.setdefault(hashlib.file_digest(file, "sha256").hexdigest(), path)
    taken = sorted(digest for digest in digests if split_of(digest) == split)
    if not taken:
        raise DatasetError(
            f"{folder}: none of its {len(digests)} recordings falls to the split {split!r}, which "
            f"gets {SHARES[split]:.0%} of them by their content; give more recordings"
        )
    for digest in taken:
        check_file(digests[digest])
    whole = hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
    told = f"{len(taken)} of {len(digests)} recordings, SHA-256 of their sorted hashes {whole}"
    return Material(told, files=tuple(digests[digest] for digest in taken))


def check_file(path: Path) -> None:
    """Refuse a file that is not audio or is empty."""
    soundfile = require("soundfile", "doa")
    try:
        info = soundfile.info(str(path))
    except soundfile.SoundFileError as error:
        raise DatasetError(
            f"{path}: not readable as audio ({error}); remove it from the folder"
        ) from error
    if info.frames < 1:
        raise DatasetError(f"{path}: no samples in it; remove it from the folder")


def speak(path: Path, split: str, number: int, fs: int, seed: int) -> None:
    """Speak a sentence into a WAV file, whole or not at all."""
    said = utterance(split, number, fs, seed)
    with whole(path) as part:
        scipy.io.wavfile.write(part, fs, said)


def stretch(path: Path, samples: int, fs: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Take a random stretch of a recording's first channel, repeated where it is too short.

    Parameters
        samples, fs : wanted length and rate, Hz; other rates are converted
    Returns
        float32 [samples], RMS 1 where it is not silent
    Raises
        DatasetError: samples that are not finite, or silence wherever one listens
    """
    with require("soundfile", "doa").SoundFile(str(path)) as file:
        rate = int(file.samplerate)
        needed = -(-samples * rate // fs)
        for _ in range(DRAWS):
            file.seek(int(rng.integers(max(1, file.frames - needed + 1))))
            heard = file.read(needed, dtype="float32", always_2d=True)[:, 0]
            if not np.isfinite(heard).all():
                raise DatasetError(
                    f"{path}: samples that are infinite or not a number; remove it from the folder"
                )
            if np.abs(heard).max(initial=0.0) >= QUIET:
                common = int(np.gcd(rate, fs))
                part = scipy.signal.resample_poly(
                    heard.astype(np.float64), fs // common, rate // common
                )
                return np.resize(normalised(part), samples)
    raise DatasetError(
        f"{path}: silent in {DRAWS} stretches of {samples / fs:g} s; remove it from the folder"
    )


def material(split: str, *, count: int, folder: str | Path | None, speech: bool) -> Material:
    """Choose the source material of a split.

    Parameters
        count : how many sentences are spoken, if any
        folder : recordings to take in their place
        speech : False for noise and bursts alone
    """
    voices(split)
    if folder is not None:
        if not speech:
            raise DatasetError("a folder of recordings and no speech contradict each other")
        return recordings(folder, split)
    return sentences(count) if speech else NONE
