"""Tell from the sound itself whether the channels are the array's microphones, each in its place.

All microphones hear the same wave a little earlier or later. So every microphone's features must
peak at the lags of one direction; where they do not, a microphone is dead, inverted or exchanged,
or two channels hold the same one. The limits lie between what sound and faulty recordings
measured: `python -m otus.doa.measure wiring`.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .arrays import unit_vectors
from .features import FeatureDefinition, GccPhat, arrivals, steered

#: Channels whose waveforms differ by less than this share of their power are one microphone.
SAME = 1e-4
#: The features' mean peak must exceed that of unrelated noises by this many standard deviations.
RELATED = 5.0
#: A microphone's share of the peak, by the median microphone's, below which it hears other things.
DEAF = 0.4
#: By how much the peak may grow when a channel is inverted, or two are exchanged.
INVERTED, EXCHANGED = 1.5, 1.08
#: Frames that a judgement on exchanged channels needs.
LEAST = 4


@dataclass(frozen=True)
class Evidence:
    """What the features say about the channels.

    Parameters
        peak : mean over frames of the mean over pairs, in the direction where it is highest
        shares : float64 [mics], the part of it in the pairs of each microphone
        inverted : float64 [mics], the peak with that channel inverted, by the peak
        exchanged : the peak with those two channels exchanged, by the peak
    """

    peak: float
    shares: NDArray[np.float64]
    inverted: NDArray[np.float64]
    exchanged: dict[tuple[int, int], float]


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
    return Evidence(
        peak,
        (member * of_pairs).sum(axis=1) / member.sum(axis=1),
        np.array([highest(values * np.where(row, -1, 1)) for row in member]) / scale,
        exchanged,
    )


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


def fault(frames: NDArray[np.float32], definition: FeatureDefinition) -> str | None:
    """Name the first fault, and what to do about it.

    Parameters
        frames : float32 [n, mics, frame], frames that hold sound
    Returns
        a sentence, or None where the channels fit the array
    """
    d = definition
    if pair := same(frames):
        return (
            f"channels {pair[0]} and {pair[1]} (from 0) hold the same signal, as no two "
            "microphones do; record each microphone on a channel of its own"
        )
    found = evidence(frames, d)
    unrelated = RELATED / np.sqrt(d.frame * d.shape[1])
    turned = int(found.inverted.argmax())
    if found.inverted[turned] > INVERTED and found.inverted[turned] * found.peak > unrelated:
        return (
            f"channel {turned} (from 0) is inverted; swap the two wires of that microphone, or "
            "multiply the channel by -1"
        )
    if found.peak < unrelated:
        return (
            f"the channels have no sound in common (peak {found.peak:.3f}, unrelated noises reach "
            f"{unrelated:.3f}), so that there is no direction; are "
            f"they the microphones of one array {d.array.name!r}, recorded together?"
        )
    (i, j), gain = max(found.exchanged.items(), key=lambda item: item[1])
    if len(frames) >= LEAST and gain > EXCHANGED:
        return (
            f"the channels are not in the order of the array {d.array.name!r}: with channels {i} "
            f"and {j} (from 0) exchanged the sound fits {100 * (gain - 1):.0f} % better; put them "
            "in the array's order"
        )
    weakest = int(found.shares.argmin())
    if d.array.mics > 2 and found.shares[weakest] < DEAF * np.median(found.shares):
        return (
            f"channel {weakest} (from 0) does not hear what the others hear: a dead or covered "
            "microphone, or another signal; check that microphone and its cable"
        )
    return None
