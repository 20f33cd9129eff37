"""What sounds in the simulated rooms: synthetic speech, coloured noise, bursts.

Splits share nothing: each has its own voices and languages, and its own random words, noises and
bursts. Speech comes from the program espeak-ng.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io.wavfile
import scipy.signal
from numpy.typing import NDArray

from .errors import DatasetError

#: Nothing that is said here takes so long, even on a busy machine, seconds.
SAY_SECONDS = 120

KINDS = ("speech", "noise", "bursts", "white")
#: How often each kind sounds: speech (or a recording in its place), noise with a random spectrum,
#: knocks and claps, white noise.
KIND_SHARE = (0.7, 0.15, 0.15, 0.0)


@dataclass(frozen=True)
class Voices:
    """The speakers of one split.

    Parameters
        number : the split's own stream of random numbers
        languages : espeak-ng voices, whose rules of pronunciation read the words
        speakers : espeak-ng variants, which change timbre and pitch
    """

    number: int
    languages: tuple[str, ...]
    speakers: tuple[str, ...]


SPLITS: dict[str, Voices] = {
    "train": Voices(
        0,
        ("en-us", "de", "fr-fr", "es", "it", "pl", "nl", "sv", "tr", "id", "cs", "hu", "sw"),
        ("m1", "m2", "m3", "m4", "f1", "f2", "f3", "Alex", "Andy", "Annie", "Denis", "Gene", "Hugo",
         "Lee", "Marco", "Michael", "adam", "anika", "belinda", "klatt", "klatt2", "grandma"),
    ),
    "validation": Voices(1, ("pt", "fi", "sk", "eo"), ("m5", "f4", "Mario", "aunty", "klatt3")),
    "test": Voices(
        2,
        ("en-gb-scotland", "pt-br", "ro", "da", "et", "ms"),
        ("m7", "m8", "f5", "Jacky", "Diogo", "linda", "edward", "zac", "klatt4"),
    ),
    "demo": Voices(3, ("en-gb-x-rp",), ("steph", "david")),
}  # fmt: skip


def voices(split: str) -> Voices:
    """Look up a split: train, validation, test or demo."""
    if split not in SPLITS:
        raise DatasetError(f"split {split!r} is not known; known splits: {', '.join(SPLITS)}")
    return SPLITS[split]


def espeak() -> str:
    """Find the program espeak-ng."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise DatasetError(
            "espeak-ng is not installed, and the simulated speech comes from it; install it "
            "(e.g. apt-get install espeak-ng, brew install espeak-ng), or make data sets of "
            "recordings (--source-folder) or of noise and bursts alone (--no-speech)"
        )
    return program


def espeak_version() -> str:
    """Version line of espeak-ng, e.g. "eSpeak NG text-to-speech: 1.51"."""
    said = subprocess.run(
        [espeak(), "--version"], capture_output=True, text=True, check=True, timeout=SAY_SECONDS
    )
    return said.stdout.split("  ")[0].strip()


def say(
    text: str, language: str, speaker: str, fs: int, *, speed: int = 160, pitch: int = 50
) -> NDArray[np.float32]:
    """Speak a text.

    Parameters
        text : what to say
        language, speaker : espeak-ng's voice and variant
        fs : sample rate of the result, Hz
        speed : words per minute
        pitch : 0 to 99
    Returns
        float32 [samples], RMS 1 over the spoken parts
    Raises
        DatasetError: espeak-ng is missing or does not know the voice
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        command = [espeak(), "-v", f"{language}+{speaker}", "-s", str(speed), "-p", str(pitch)]
        try:
            done = subprocess.run(
                [*command, "-w", str(path), "--", text],
                capture_output=True,
                text=True,
                check=False,
                timeout=SAY_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise DatasetError(
                f"espeak-ng took over {SAY_SECONDS} s to say {text[:30]!r} as {language}+{speaker}"
            ) from error
        if done.returncode or not path.is_file():
            raise DatasetError(
                f"espeak-ng cannot say {text[:30]!r} as {language}+{speaker}: "
                f"{done.stderr.strip() or 'no output'}; see espeak-ng --voices"
            )
        rate, samples = scipy.io.wavfile.read(path)
    common = int(np.gcd(rate, fs))
    said = scipy.signal.resample_poly(samples.astype(np.float64), fs // common, rate // common)
    return normalised(said)


def normalised(x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Scale float [samples] to RMS 1 over the samples that are not nearly silent."""
    loud = np.abs(x) > 1e-3 * np.abs(x).max(initial=1e-12)
    rms = np.sqrt(np.mean(x[loud] ** 2)) if loud.any() else 1.0
    return (x / rms).astype(np.float32)


SYLLABLES = tuple(c + v for c in ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v",
                                  "z", "st", "tr") for v in "aeiou")  # fmt: skip


def words(rng: np.random.Generator, count: int) -> str:
    """Invent a sentence: words of one to four syllables that any of the languages can read."""
    sentence = [
        "".join(rng.choice(SYLLABLES, rng.integers(1, 5))) + str(rng.choice(["", "", "n", "s"]))
        for _ in range(count)
    ]
    return ", ".join(" ".join(sentence[at : at + 5]) for at in range(0, count, 5)) + "."


def utterance(split: str, number: int, fs: int, seed: int) -> NDArray[np.float32]:
    """Speak an invented sentence, several seconds long, with one of the split's voices.

    Parameters
        number : of the utterance; each has its own stream of random numbers
    Returns
        float32 [samples], RMS 1, without pauses at the ends
    """
    who = voices(split)
    rng = np.random.default_rng([seed, who.number, 1, number])
    x = say(
        words(rng, int(rng.integers(6, 12))),
        str(rng.choice(who.languages)),
        str(rng.choice(who.speakers)),
        fs,
        speed=int(rng.integers(120, 210)),
        pitch=int(rng.integers(15, 90)),
    )
    heard = np.flatnonzero(np.abs(x) > 0.05)
    return x[heard[0] : heard[-1] + 1]


def coloured(rng: np.random.Generator, samples: int, fs: int) -> NDArray[np.float64]:
    """Make noise with a random slope and a random band: float64 [samples], about RMS 1."""
    f = np.maximum(np.fft.rfftfreq(samples, 1 / fs), 20.0)
    low, high = rng.uniform(50, 600), rng.uniform(2000, 0.5 * fs)
    shape = (f / 1000.0) ** rng.uniform(-1.2, 0.3)
    shape = shape / np.sqrt(1 + (low / f) ** 4) / np.sqrt(1 + (f / high) ** 6)
    spectrum = np.fft.rfft(rng.normal(size=samples)) * shape
    x: NDArray[np.float64] = np.fft.irfft(spectrum, samples)
    x /= np.sqrt(np.mean(x**2))
    return x


def noise(rng: np.random.Generator, samples: int, fs: int) -> NDArray[np.float32]:
    """Make coloured noise whose level wanders: float32 [samples]."""
    knots = rng.uniform(0.3, 1.0, 2 + samples * 4 // fs)
    level = np.interp(np.linspace(0, len(knots) - 1, samples), np.arange(len(knots)), knots)
    return normalised(coloured(rng, samples, fs) * level)


def white(rng: np.random.Generator, samples: int, _: int) -> NDArray[np.float32]:
    """Make white noise: float32 [samples], RMS 1."""
    return rng.normal(size=samples).astype(np.float32)


def bursts(rng: np.random.Generator, samples: int, fs: int) -> NDArray[np.float32]:
    """Make knocks and claps: decaying noise at random moments, float32 [samples]."""
    x = np.zeros(samples)
    at = 0
    while at < samples:
        length = int(fs * rng.uniform(0.02, 0.25))
        t = np.arange(length) / length
        burst = coloured(rng, length, fs) * np.exp(-rng.uniform(3, 9) * t) * rng.uniform(0.4, 1)
        part = burst[: samples - at]
        x[at : at + len(part)] += part
        at += length + int(fs * rng.uniform(0.0, 0.2))
    return normalised(x)
