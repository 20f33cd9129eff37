"""Tell from the sound itself whether the channels are the array's microphones, each in its place.

All microphones hear the same wave a little earlier or later. So every microphone's features must
peak at the lags of one direction; where they do not, a microphone is dead, inverted or exchanged,
or two channels hold the same one. The limits lie between what sound and faulty recordings
measured: `python -m otus.doa.measure wiring`.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .arrays import unit_vectors
from .definitions import finer
from .features import FeatureDefinition, GccPhat, arrivals, steered

#: Channels whose waveforms differ by less than this share of their power are one microphone.
SAME = 1e-4
#: The features' mean peak must exceed that of unrelated noises by this many standard deviations.
RELATED = 5.0
#: Below this, Hz, there is hum, whose phase tells no direction: across a small array it differs by
#: less than 30 degrees.
HUM = 300.0
#: What a hum leaks into other bins of a Hann window is this much lower, and does not count.
LEAKED = 1e-4
#: A microphone's share of the peak, by the median microphone's, below which it hears other things.
DEAF = 0.4
#: By how much the peak may grow when a channel is inverted, or two are exchanged.
INVERTED, EXCHANGED = 1.5, 1.08
#: Frames that a judgement on exchanged channels needs.
LEAST = 4
#: Two channels whose features' peak lacks less than this share of what the next pair's lacks of 1
#: hear almost the same, as no two microphones do; ...
ALIKE = 0.5
#: ... what both lack counts this much more, since a single sound without echo or noise lacks
#: nothing, ...
CLEAN = 0.03
#: ... peaks are looked for in so many steps a lag, ...
FINE = 4
#: ... and closer microphones are more alike: the two closest pairs' distances may differ by this.
SPACING = 1.25


@dataclass(frozen=True)
class Evidence:
    """What the features say about the channels.

    Parameters
        peak : mean over frames of the mean over pairs, in the direction where it is highest
        shares : float64 [mics], the part of it in the pairs of each microphone
        inverted : float64 [mics], the peak with that channel inverted, by the peak
        exchanged : the peak with those two channels exchanged, by the peak
        closest : the two channels that hear most alike
        alike : what their peak lacks of 1, by what the next pair's lacks; 1 where the array's
            closest microphones are alone in being so close
        common : the peak above hum of the median frame, a channel inverted where it is higher so
    """

    peak: float
    shares: NDArray[np.float64]
    inverted: NDArray[np.float64]
    exchanged: dict[tuple[int, int], float]
    closest: tuple[int, int]
    alike: float
    common: float


def evidence(frames: NDArray[np.float32], definition: FeatureDefinition) -> Evidence:
    """Collect the evidence from frames that hold sound: float32 [n, mics, frame]."""
    d = definition
    azimuths, elevations = np.meshgrid(np.arange(0.0, 360.0, 10.0), [0.0, 40.0, 65.0])
    arrival = arrivals(unit_vectors(azimuths.ravel(), elevations.ravel()), d)
    features = GccPhat(d)(frames)

    def highest(values: NDArray[np.float64]) -> float:
        return float(values.mean(axis=2).max(axis=1).mean())

    values = steered(features, d, arrival)
    best = values.mean(axis=2).argmax(axis=1)
    peak = highest(values)
    of_pairs = values[np.arange(len(values)), best].mean(axis=0)
    member = np.array([[k in pair for pair in d.array.pairs] for k in range(d.array.mics)])
    scale = max(peak, 1e-9)
    exchanged = {}
    for i, j in combinations(range(d.array.mics), 2):
        moved = arrival.copy()
        moved[:, [i, j]] = arrival[:, [j, i]]
        exchanged[i, j] = highest(steered(features, d, moved)) / scale
    signs = np.where(np.vstack([np.zeros(d.shape[1], dtype=np.bool_), member]), -1, 1)
    above = steered(above_hum(frames, d), d, arrival)
    closest, alike = resemblance(frames, d)
    return Evidence(
        peak,
        (member * of_pairs).sum(axis=1) / member.sum(axis=1),
        np.array([highest(values * row) for row in signs[1:]]) / scale,
        exchanged,
        closest,
        alike,
        max(float(np.median((above * row).mean(axis=2).max(axis=1))) for row in signs),
    )


def above_hum(frames: NDArray[np.float32], definition: FeatureDefinition) -> NDArray[np.float32]:
    """Compute the features of what is not hum, nor leaks from it.

    Without a window a hum is in every bin, and its phase is that of all of them.

    Parameters
        frames : float32 [n, mics, frame]
    Returns
        float32 [n, lags, pairs]
    """
    d = definition
    spectra = scipy.fft.rfft(frames * np.hanning(d.frame), d.n_fft)
    size = np.abs(spectra)
    spectra[size < LEAKED * size.max(axis=(1, 2), keepdims=True)] = 0
    spectra[..., : int(np.ceil(HUM * d.n_fft / d.fs))] = 0
    return GccPhat(replace(d, frame=d.n_fft))(scipy.fft.irfft(spectra, d.n_fft))


def resemblance(
    frames: NDArray[np.float32], definition: FeatureDefinition
) -> tuple[tuple[int, int], float]:
    """Find the two channels that hear most alike, and how far they are from the next pair.

    Parameters
        frames : float32 [n, mics, frame]
    Returns
        the channels; what the peak of their mean feature lacks of 1, by what the next pair's lacks
    """
    d = definition
    peaks = np.abs(GccPhat(finer(d, FINE))(frames).mean(axis=0)).max(axis=0)
    order = np.argsort(peaks)[::-1]
    closest = d.array.pairs[order[0]]
    gaps = sorted(float(np.linalg.norm(d.array.xyz[i] - d.array.xyz[j])) for i, j in d.array.pairs)
    if len(gaps) < 2 or gaps[1] > SPACING * gaps[0]:
        return closest, 1.0
    lacks = 1 + CLEAN - peaks[order[:2]].astype(np.float64)
    return closest, float(lacks[0] / lacks[1])


def same(frames: NDArray[np.float32]) -> tuple[int, int] | None:
    """Find two channels with the same waveform, of whatever strength and sign.

    Parameters
        frames : float32 [n, mics, frame]
    """
    # Differences, since low tones are nearly the same at all microphones of a small array.
    steps = np.diff(frames.astype(np.float64), axis=2)
    products = np.einsum("nit,njt->ij", steps, steps)
    power = np.diag(products)
    alike = products**2 / np.maximum(np.outer(power, power), 1e-300)
    pairs = [p for p in combinations(range(len(power)), 2) if 1 - alike[p] < SAME]
    return max(pairs, key=lambda p: float(alike[p]), default=None)


@dataclass(frozen=True)
class Fault:
    """What keeps frames from having a direction.

    Parameters
        says : a sentence, and what to do about it
        lasting : whether it is how the microphones are connected, so that it is in other frames
            too, even where it does not show in them
    """

    says: str
    lasting: bool = True

    def __str__(self) -> str:
        return self.says


def fault(
    frames: NDArray[np.float32], definition: FeatureDefinition, found: Evidence | None = None
) -> Fault | None:
    """Name the first fault, and what to do about it.

    Parameters
        frames : float32 [n, mics, frame], frames that hold sound
        found : their evidence, if it is known already
    Returns
        None where the channels fit the array
    """
    d = definition
    found = found or evidence(frames, d)
    unrelated = RELATED / np.sqrt(d.frame * d.shape[1])
    # A hum is the same everywhere: what comes below would take it for a fault of the channels.
    if found.common < unrelated <= found.peak:
        return Fault(
            "only a hum or a tone, no sound with a direction; record closer to the source, or with "
            "less hum",
            lasting=False,
        )
    if found.common < unrelated:
        return Fault(
            f"the channels have no sound in common (peak {found.peak:.3f}, unrelated noises reach "
            f"{unrelated:.3f}), so that there is no direction; are "
            f"they the microphones of one array {d.array.name!r}, recorded together?",
            lasting=False,
        )
    if pair := same(frames):
        return Fault(
            f"channels {pair[0]} and {pair[1]} (from 0) hold the same signal, as no two "
            "microphones do; record each microphone on a channel of its own"
        )
    turned = int(found.inverted.argmax())
    if found.inverted[turned] > INVERTED and found.inverted[turned] * found.peak > unrelated:
        return Fault(
            f"channel {turned} (from 0) is inverted; swap the two wires of that microphone, or "
            "multiply the channel by -1"
        )
    if found.alike < ALIKE:
        return Fault(
            f"channels {found.closest[0]} and {found.closest[1]} (from 0) hear almost the same, as "
            "no two microphones do; record each microphone on a channel of its own"
        )
    (i, j), gain = max(found.exchanged.items(), key=lambda item: item[1])
    if len(frames) >= LEAST and gain > EXCHANGED:
        return Fault(
            f"the channels are not in the order of the array {d.array.name!r}: with channels {i} "
            f"and {j} (from 0) exchanged the sound fits {100 * (gain - 1):.0f} % better; put them "
            "in the array's order"
        )
    weakest = int(found.shares.argmin())
    if d.array.mics > 2 and found.shares[weakest] < DEAF * np.median(found.shares):
        return Fault(
            f"channel {weakest} (from 0) does not hear what the others hear: a dead or covered "
            "microphone, or another signal; check that microphone and its cable",
            lasting=False,
        )
    return None
