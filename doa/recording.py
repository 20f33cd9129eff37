"""Read recordings, and gate the frames that hold sound."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import RecordingError
from .extras import require

#: A frame is active within this many dB of the recording's loud frames ...
GATE_RANGE_DB = 15.0
#: ... which are this percentile of the frame levels ...
GATE_PERCENTILE = 95.0
#: ... and above this level, dB relative to full scale.
GATE_FLOOR_DB = -66.0
#: What microphones record is noise in pauses, this percentile of the frame levels; a frame that
#: holds sound is so many dB above it. Where there are no pauses, the noise is not known: frames
#: within as many dB of the loud ones hold sound.
NOISE_PERCENTILE = 5.0
NOISE_MARGIN_DB = 6.0


def read(path: str | Path) -> tuple[NDArray[Any], int]:
    """Read a WAV or FLAC file.

    Parameters
        path : the file
    Returns
        int16 [mics, samples], or float32 [mics, samples] with full scale +-1 where the file is
        finer than 16 bits; the sample rate in Hz
    Raises
        RecordingError: no such file, not audio, or truncated
        MissingExtraError: soundfile is not installed
    """
    path = Path(path)
    if not path.is_file():
        raise RecordingError(f"{path}: no such file")
    whole_riff(path)
    soundfile = require("soundfile", "doa")
    try:
        with soundfile.SoundFile(str(path)) as file:
            coarse = file.subtype in ("PCM_16", "PCM_S8", "PCM_U8")
            promised, fs = int(file.frames), int(file.samplerate)
            samples = file.read(dtype="int16" if coarse else "float32", always_2d=True).T
    except soundfile.SoundFileError as error:
        raise RecordingError(
            f"{path}: not readable as WAV or FLAC ({error}); damaged, cut short, or another format"
        ) from error
    if samples.shape[1] != promised:
        raise RecordingError(
            f"{path}: truncated: the header promises {promised} samples per channel, "
            f"the file has {samples.shape[1]}; copy or record it again"
        )
    return samples, fs


def whole_riff(path: Path) -> None:
    """Refuse a WAV file whose header promises more bytes than the file has.

    Source: Microsoft & IBM 1991, "Multimedia Programming Interface and Data Specifications 1.0",
    the RIFF chunk: an identifier, a 32-bit little-endian length, that many bytes
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
            return
        at = 12
        while len(chunk := file.read(8)) == 8:
            name, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
            at += 8
            if at + length > size:
                raise RecordingError(
                    f"{path}: truncated: the header promises {length} bytes of "
                    f"{name.decode('ascii', 'replace').strip()!r}, the file has {size - at}; "
                    "copy or record it again"
                )
            if name == b"data":
                return
            at += length + length % 2
            file.seek(at)
    raise RecordingError(f"{path}: truncated: a WAV header without samples; record it again")


def levels(frames: NDArray[Any]) -> NDArray[np.float64]:
    """Root mean square of each float [n, mics, frame] over microphones and time: dB, [n]."""
    power = np.einsum("nmt,nmt->n", frames, frames, dtype=np.float64)
    power /= frames.shape[1] * frames.shape[2]
    level: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-20))
    return level


def active(frames: NDArray[Any]) -> NDArray[np.bool_]:
    """Gate the frames that hold sound.

    A frame is active if its level is within GATE_RANGE_DB of the GATE_PERCENTILE-th percentile of
    all frames' levels and above GATE_FLOOR_DB. Data sets apply this rule to what the microphones
    would record of a source without noise; for what they do record see `above_noise`.

    Parameters
        frames : float [n, mics, frame], full scale +-1
    Returns
        bool [n]
    """
    if not len(frames):
        return np.zeros(0, dtype=np.bool_)
    level = levels(frames)
    loud = np.percentile(level, GATE_PERCENTILE)
    gated: NDArray[np.bool_] = level > max(loud - GATE_RANGE_DB, GATE_FLOOR_DB)
    return gated


def above_noise(frames: NDArray[Any]) -> NDArray[np.bool_]:
    """Gate the frames that hold sound in a recording with noise of its own.

    A frame passes if it is active and NOISE_MARGIN_DB above the noise.

    Parameters
        frames : float [n, mics, frame], full scale +-1
    Returns
        bool [n]
    """
    gated = active(frames)
    if gated.any():
        level = levels(frames)
        noise, loud = np.percentile(level, [NOISE_PERCENTILE, GATE_PERCENTILE])
        gated &= level > min(noise + NOISE_MARGIN_DB, loud - NOISE_MARGIN_DB)
    return gated
