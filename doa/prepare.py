"""From samples to frames that can be trusted.

What leaves the sound intact is put right and noted: a higher sample rate, an offset. What does
not is refused, with the channel and the remedy; where only some frames suffer, these alone get no
angle.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from .errors import RecordingError
from .features import FeatureDefinition
from .recording import above_noise, levels, read
from .wiring import fault

#: Floating-point samples above this are not of full scale +-1.
LARGEST = 16.0
#: An offset is taken away above this share of the channel's RMS.
OFFSET = 0.1
#: So many equal samples in a row at a channel's highest or lowest value are clipped, ...
RUN = 3
#: ... and above this share of clipped samples a frame gets no angle: up to there it costs none
#: (`python -m otus.doa.measure clipping`).
CLIPPED = 0.2
#: Where clipping or a dead microphone takes more of the frames with sound than this share, the
#: others do not count: what the gate lets through is then mostly not the sound that was loudest.
LOST = 0.75
#: In a frame a microphone this much quieter than the median microphone is dead, dB.
QUIET_DB = 30.0
#: Frames that are judged together, at most, whether their channels are the array's: about a second.
JUDGED = 16

#: What a frame can be; only "heard" has a direction.
HEARD, SILENT, CLIPPING, DROPOUT = "heard", "silent", "clipped", "dropout"
UNDIRECTED = "undirected"


@dataclass(frozen=True)
class Recording:
    """Frames of a recording that passed the checks.

    Parameters
        definition : what the frames are cut for
        frames : float32 [n, mics, frame], full scale +-1
        states : [n] of "heard", "silent", "clipped" (too loud for the converter), "dropout" (a
            microphone falls silent while others hear) or "undirected" (a hum, or channels that do
            not hear the same)
        notes : what was put right and what is lost, a sentence each
    """

    definition: FeatureDefinition
    frames: NDArray[np.float32]
    states: NDArray[np.str_]
    notes: tuple[str, ...]

    @property
    def heard(self) -> NDArray[np.bool_]:
        """Frames that have a direction: bool [n]."""
        return np.asarray(self.states == HEARD)


def load(path: str | Path, definition: FeatureDefinition) -> Recording:
    """Read a WAV or FLAC file and prepare it."""
    samples, fs = read(path)
    return prepare(samples, fs, definition, str(path))


def prepare(
    samples: NDArray[Any], fs: int, definition: FeatureDefinition, name: str = "recording"
) -> Recording:
    """Check samples, put right what can be, and cut them into frames.

    Parameters
        samples : int16 [mics, samples], full scale +-32768; or float, full scale +-1
        fs : their sample rate, Hz
        name : what messages call the recording
    Raises
        RecordingError: it does not fit the definition, or no frame of it can be trusted
    """
    d = definition
    channels = _signals(samples, fs, d, name)
    notes = []
    share = _clipped(channels, fs, d)
    mean = channels.mean(axis=1, keepdims=True, dtype=np.float64)
    spread = channels.std(axis=1, keepdims=True, dtype=np.float64)
    offset = np.abs(mean) > OFFSET * spread
    if offset.any():
        notes.append(
            f"{_these(np.flatnonzero(offset))}: an offset of up to {np.abs(mean).max():.2g} of "
            "full scale was taken away"
        )
        channels = (channels - np.where(offset, mean, 0)).astype(np.float32)
    if fs != d.fs:
        common = int(np.gcd(fs, d.fs))
        channels = scipy.signal.resample_poly(channels, d.fs // common, fs // common, axis=1)
        notes.append(f"resampled from {fs} Hz to {d.fs} Hz, the model's rate")
    frames = d.frames(channels)
    loud = above_noise(frames)
    if not loud.any():
        raise RecordingError(
            f"{name}: no frame is loud enough to hold sound (the gate: "
            "otus.doa.recording.above_noise); raise the microphones' gain"
        )
    states = np.full(len(frames), HEARD, dtype=f"<U{len(UNDIRECTED)}")
    level = np.stack([levels(frames[:, k : k + 1]) for k in range(d.array.mics)], axis=1)
    quiet = level < np.median(level, axis=1, keepdims=True) - QUIET_DB
    states[share[: len(frames)] > CLIPPED] = CLIPPING
    states[quiet.any(axis=1)] = DROPOUT
    states[~loud] = SILENT
    lost = {state: int((states == state).sum()) for state in (CLIPPING, DROPOUT)}
    said = {
        CLIPPING: f"more than {CLIPPED:.0%} of the samples are clipped; lower the gain",
        DROPOUT: f"{_these(np.flatnonzero(quiet[loud].any(axis=0)))}: silent while the others "
        "hear; check that microphone and its cable",
    }
    for state, count in lost.items():
        if count > LOST * loud.sum():
            raise RecordingError(
                f"{name}: in {count} of {loud.sum()} frames with sound: {said[state]}"
            )
        if count:
            notes.append(f"no angle for {count} of {loud.sum()} frames with sound: {said[state]}")
    rows = np.flatnonzero(states == HEARD)
    if not len(rows):
        raise RecordingError(f"{name}: no frame is left; {'; '.join(notes)}")
    if note := _undirected(frames, states, d, name):
        notes.append(note)
    return Recording(d, frames, states, tuple(notes))


def _undirected(
    frames: NDArray[np.float32],
    states: NDArray[np.str_],
    definition: FeatureDefinition,
    name: str,
) -> str | None:
    """Judge the heard frames, some at a time: what is wrong for a while is wrong in these alone.

    Parameters
        states : those of frames without a direction become UNDIRECTED
    Returns
        a note, if there are any
    Raises
        RecordingError: the channels are not the array's, or too few frames are left
    """
    d, sound = definition, int((states != SILENT).sum())
    rows = np.flatnonzero(states == HEARD)
    blocks = np.array_split(rows, -(-len(rows) // JUDGED))
    first, count = "", 0
    for block in blocks:
        found = fault(frames[block], d)
        if found is None:
            continue
        start, end = block[0] * d.hop / d.fs, (block[-1] * d.hop + d.frame) / d.fs
        said = f"at {start:.1f} to {end:.1f} s, {found}" if len(blocks) > 1 else str(found)
        if found.lasting:
            raise RecordingError(f"{name}: {said}")
        states[block] = UNDIRECTED
        first, count = first or said, count + len(block)
    if not first:
        return None
    if count == len(rows):
        raise RecordingError(f"{name}: {fault(frames[blocks[0]], d)}")
    if count > LOST * sound:
        raise RecordingError(f"{name}: in {count} of {sound} frames with sound: {first}")
    return f"no angle for {count} of {sound} frames with sound: {first}"


def _these(channels: NDArray[Any]) -> str:
    """Name channels."""
    return f"channel{'s' * (len(channels) != 1)} {', '.join(map(str, channels))} (from 0)"


def _signals(
    samples: NDArray[Any], fs: int, definition: FeatureDefinition, name: str
) -> NDArray[np.float32]:
    """Refuse what cannot be the array's microphones: float32 [mics, samples], full scale +-1."""
    d, mics = definition, definition.array.mics
    if samples.ndim != 2 or samples.shape[0] != mics:
        channels = samples.shape[0] if samples.ndim == 2 else 1
        remedy = (
            f"keep those channels, in the array's order (e.g. sox IN OUT remix "
            f"{' '.join(str(k + 1) for k in range(mics))})"
            if channels > mics
            else "record all of them, a channel each"
        )
        raise RecordingError(
            f"{name}: {channels} channel{'s' * (channels != 1)}, the array {d.array.name!r} has "
            f"{mics} microphones; {remedy}"
        )
    if samples.dtype != np.int16 and samples.dtype.kind != "f":
        raise RecordingError(
            f"{name}: samples of type {samples.dtype}, allowed are int16 (full scale 32768) and "
            "floating point (full scale 1); convert them"
        )
    if fs < d.fs:
        raise RecordingError(
            f"{name}: sample rate {fs} Hz, the model needs {d.fs} Hz or more; a higher rate is "
            "resampled, but what a lower one has lost cannot be put back: record it again"
        )
    needed = -(-d.frame * fs // d.fs)
    if samples.shape[1] < needed:
        raise RecordingError(
            f"{name}: {samples.shape[1]} samples per channel, one frame needs {needed} "
            f"({1000 * d.frame / d.fs:.0f} ms); record for longer"
        )
    if not np.isfinite(samples).all():
        channel, at = np.argwhere(~np.isfinite(samples))[0]
        raise RecordingError(
            f"{name}: channel {channel} (from 0) has samples that are infinite or not a number, "
            f"first at {at / fs:.3f} s; record or export it again"
        )
    scale = np.float32(1 / 32768) if samples.dtype == np.int16 else 1
    largest = float(max(-float(samples.min()), float(samples.max())) * scale)
    if largest > LARGEST:
        raise RecordingError(
            f"{name}: samples reach {largest:.3g}, full scale is 1; divide by the full scale"
        )
    constant = np.flatnonzero(np.ptp(samples.astype(np.float32), axis=1) == 0)
    if len(constant) == mics:
        raise RecordingError(
            f"{name}: silent: every sample of a channel is the same; check that the right device "
            "was recorded and is not muted"
        )
    if len(constant):
        raise RecordingError(
            f"{name}: {_these(constant)}: dead: every sample is the same; is the microphone "
            "connected?"
        )
    return np.asarray(samples * scale, dtype=np.float32)


def _clipped(
    channels: NDArray[np.float32], fs: int, definition: FeatureDefinition
) -> NDArray[np.float64]:
    """Tell what share of each frame's samples is clipped, in the channel that has most: [n]."""
    low, high = (f(channels, axis=1, keepdims=True) for f in (np.min, np.max))
    middle = channels.mean(axis=1, keepdims=True)
    clipped = np.zeros(channels.shape, dtype=np.bool_)
    for limit in (low, high):
        # A one-sided signal rests at its lowest or highest value.
        at = (channels == limit) & (np.abs(limit - middle) > 0.3 * (high - low))
        run = np.logical_and.reduce([at[:, k : at.shape[1] - RUN + 1 + k] for k in range(RUN)])
        for k in range(RUN):
            clipped[:, k : at.shape[1] - RUN + 1 + k] |= run
    d, length = definition, channels.shape[1]
    total = np.pad(np.cumsum(clipped, axis=1, dtype=np.int64), ((0, 0), (1, 0)))
    count = d.count(-(-length * d.fs // fs))
    start = np.arange(count) * d.hop * fs // d.fs
    end = np.minimum(start + d.frame * fs // d.fs, length)
    return np.asarray(((total[:, end] - total[:, start]) / (end - start)).max(axis=0))
