"""The demo recording: one simulated room, two speakers who walk around the array.

`python -m otus.doa.scene` writes models/demo.flac and models/demo.json, the truth.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from .arrays import unit_vectors
from .definitions import UMA8
from .extras import require
from .features import FeatureDefinition
from .locate import Segment
from .rooms import TAPS, Room, impulse_responses
from .simulate import background_noise
from .speech import espeak_version, say, voices

ROOM = Room((5.3, 4.4, 2.9), rt60=0.3)
#: The array's centre, metres from the room's corner; microphone 0 points along the length.
CENTRE = (2.5, 2.1, 0.9)
SNR = 25.0
#: Silence before and between the sentences, seconds.
GAP = 0.25
#: Azimuth, elevation (degrees), distance (metres), speaker (index), sentence.
SPEECH = (
    (40.0, 10.0, 1.2, 0, "Good morning. I am at forty degrees."),
    (125.0, 35.0, 1.1, 1, "Over here, please, a little higher."),
    (357.0, 5.0, 1.4, 0, "Now I stand where the circle closes."),
    (250.0, 20.0, 1.0, 1, "The window is behind my back."),
    (190.0, 55.0, 0.9, 0, "And this is almost overhead."),
)
FOLDER = Path(__file__).parents[1] / "models"


def record(
    definition: FeatureDefinition, seed: int = 2026
) -> tuple[NDArray[np.int16], list[Segment]]:
    """Simulate the recording.

    Returns
        int16 [mics, samples]; where the direct sound of each sentence starts and ends
    Raises
        DatasetError: espeak-ng is missing
    """
    d = definition
    rng = np.random.default_rng(seed)
    centre = np.array(CENTRE)
    mics = centre + d.array.xyz
    who = voices("demo")
    at = int(GAP * d.fs)
    parts, segments = [], []
    for azimuth, elevation, distance, speaker, text in SPEECH:
        dry = say(text, who.languages[0], who.speakers[speaker], d.fs, speed=165)
        heard = np.flatnonzero(np.abs(dry) > 0.05)
        dry = dry[heard[0] : heard[-1] + 1]
        source = centre + unit_vectors(azimuth, elevation) * distance
        response = impulse_responses(ROOM, d.array, mics, source, d.fs, rng)[:, TAPS:]
        parts.append((at, scipy.signal.fftconvolve(dry[None], response, axes=1)))
        segments.append(Segment(at / d.fs, (at + len(dry)) / d.fs, azimuth, elevation))
        at += len(dry) + int(GAP * d.fs)
    wet = np.zeros((d.array.mics, at))
    for start, part in parts:
        end = min(at, start + part.shape[1])
        wet[:, start:end] += part[:, : end - start]
    mix = wet + background_noise(wet, SNR, d, rng)
    return np.rint(mix / np.abs(mix).max() * 0.5 * 32767).astype(np.int16), segments


def make(folder: str | Path = FOLDER, seed: int = 2026) -> Path:
    """Write demo.flac and demo.json into a folder; return the recording's path."""
    d = UMA8
    samples, segments = record(d, seed)
    path = Path(folder) / "demo.flac"
    require("soundfile", "doa").write(path, samples.T, d.fs, subtype="PCM_16")
    truth = {
        "recording": path.name,
        "command": "python -m otus.doa.scene",
        "seed": seed,
        "array": d.array.name,
        "fs": d.fs,
        "room_m": list(ROOM.size),
        "rt60": ROOM.rt60,
        "snr": SNR,
        "array_at_m": list(CENTRE),
        "speech": espeak_version(),
        "segments": [
            {
                "start": round(s.start, 3),
                "end": round(s.end, 3),
                "azimuth": s.azimuth,
                "elevation": s.elevation,
                "distance": distance,
                "voice": f"{voices('demo').languages[0]}+{voices('demo').speakers[speaker]}",
                "text": text,
            }
            for s, (_, _, distance, speaker, text) in zip(segments, SPEECH, strict=True)
        ],
    }
    path.with_suffix(".json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return path


def main() -> None:
    """Write the demo recording."""
    parser = argparse.ArgumentParser(description="Make the demo recording and its truth.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to write (%(default)s)")
    made = make(parser.parse_args().folder)
    print(f"{made}: {made.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
