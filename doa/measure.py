"""What the choices between network and angle rest on: measured on rooms of the test split.

`python -m otus.doa.measure subclass` compares rules for the angle between classes and tells how
often a confidence is right; `clipping` tells what clipped samples cost; `wiring` tells how far the
evidence of sound channels and of faulty ones lies apart.
"""

import argparse
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .angles import Classes, around, between, decode, running_mean, task
from .conditions import EASY, HARD
from .dataset import Dataset
from .errors import DatasetError, ModelError
from .extras import MissingExtraError
from .features import GccPhat
from .generate import make
from .litert import Infer, reference
from .recipe import FOLDER
from .wiring import ALIKE, DEAF, EXCHANGED, INVERTED, LEAST, RELATED, evidence, fault

COMMAND = "python -m otus.doa.measure"
Rule = Callable[[NDArray[np.float64], NDArray[np.int64], Classes], NDArray[np.float64]]
Frames = NDArray[np.float32]


def centre(
    p: NDArray[np.float64], best: NDArray[np.int64], classes: Classes
) -> NDArray[np.float64]:
    """Take the class's centre."""
    return np.asarray(classes.centres[best] + 0 * p[:, 0])


def vote(p: NDArray[np.float64], best: NDArray[np.int64], classes: Classes) -> NDArray[np.float64]:
    """Let the class and its neighbours vote by their probability."""
    values, offsets = around(p, best, classes, classes.step)
    return np.asarray((best + values @ offsets / values.sum(axis=1)) * classes.step)


def parabola(
    p: NDArray[np.float64], best: NDArray[np.int64], classes: Classes
) -> NDArray[np.float64]:
    """Take the vertex of the parabola through the probabilities themselves."""
    values, _ = around(p, best, classes, classes.step)
    curve = np.minimum(values[:, 0] - 2 * values[:, 1] + values[:, 2], -1e-9)
    return np.asarray((best + (values[:, 0] - values[:, 2]) / (2 * curve)) * classes.step)


RULES: dict[str, Rule] = {
    "class centre": centre,
    "vote of the neighbours": vote,
    "parabola": parabola,
    "parabola of logarithms (used)": between,
}
#: Bounds of the confidences that are told apart.
SURE = (0.0, 0.3, 0.5, 0.7, 0.9, 0.99, 1.01)
#: Bounds of the shares of clipped samples.
SHARES = (0.0, 1e-9, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.01)


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Lay figures out as a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def told(infer: Infer, dataset: Dataset, average: int) -> NDArray[np.float64]:
    """Let a network tell probabilities, and average them clip by clip: [n, classes]."""
    p = np.array(infer(dataset.features), dtype=np.float64)
    for clip in np.unique(dataset["clip"]) if average > 1 else ():
        rows = dataset["clip"] == clip
        p[rows] = running_mean(p[rows], average)
    return p


def subclass(dataset: Dataset) -> Iterator[str]:
    """Compare the rules for the angle between classes, and confidences with how often they hold."""
    rows: list[tuple[object, ...]] = []
    sure: list[tuple[object, ...]] = []
    for name in ("azimuth", "azimuth-small", "elevation"):
        of = task("elevation" if name == "elevation" else "azimuth")
        infer, truth = reference(FOLDER / f"{name}.tflite"), of.truth(dataset.fields)[:, 0]
        for average in (1, 4):
            p = told(infer, dataset, average)
            for label, rule in RULES.items():
                error = of.classes.error(rule(p, p.argmax(axis=1), of.classes), truth)
                rows.append(
                    (name, average, label, f"{error.mean():.2f}", f"{np.median(error):.2f}")
                )
        p = told(infer, dataset, 1)
        right = of.classes.distance(p.argmax(axis=1), of.classes.of(truth)) <= 1
        _, confidence = decode(p, of.classes)
        for low, high in pairwise(SURE):
            inside = (confidence >= low) & (confidence < high)
            if inside.any():
                sure.append((name, f"{low:g} to {min(high, 1):g}", int(inside.sum()),
                             f"{100 * confidence[inside].mean():.0f}",
                             f"{100 * right[inside].mean():.0f}"))  # fmt: skip
    yield table(("model", "frames averaged", "rule", "mean error °", "median error °"), rows)
    yield table(("model", "confidence", "frames", "its mean %", "within one class %"), sure)


def sound(dataset: Dataset) -> Frames:
    """The samples of a data set: float32 [n, mics, frame], full scale +-1."""
    if dataset.audio is None:
        raise DatasetError("data set: without samples; make it with its audio kept")
    return np.asarray(dataset.audio, dtype=np.float32) / np.float32(32768)


def clipping(dataset: Dataset) -> Iterator[str]:
    """Tell how often the azimuth is right by the share of samples that are clipped."""
    of, infer = task("azimuth"), reference(FOLDER / "azimuth.tflite")
    compute, frames = GccPhat(dataset.definition), sound(dataset)
    peak = np.abs(frames).max(axis=(1, 2), keepdims=True)
    gap, share = [], []
    for gain in (0.9, 1.5, 3, 6, 12, 30, 100, 1000):
        clipped = np.clip(frames / peak * np.float32(gain), -1, 1)
        p = infer(compute(clipped))
        gap.append(of.classes.distance(p.argmax(axis=1), of.classes.of(dataset["azimuth"])))
        share.append((np.abs(clipped) >= 1).mean(axis=2).max(axis=1))
    gaps, shares = np.concatenate(gap), np.concatenate(share)
    rows: list[tuple[object, ...]] = []
    for low, high in pairwise(SHARES):
        found = gaps[(shares >= low) & (shares < high)]
        if not len(found):
            continue
        name = "none" if high < 1e-6 else f"{100 * low:.0f} to {100 * min(high, 1):.0f} %"
        rows.append((name, len(found), f"{100 * (found == 0).mean():.1f}",
                     f"{100 * (found <= 1).mean():.1f}"))  # fmt: skip
    yield table(("samples clipped", "frames", "exact class %", "within one %"), rows)


#: Faults by which two channels hold nearly the same: a copy with noise so much weaker, dB; ...
NEARLY = {"twice, noise at -46 dB": -46.0, "twice, noise at -34 dB": -34.0}
#: ... a copy that is later.
LATE = "twice, one sample late"


def broken(x: Frames, rng: np.random.Generator) -> dict[str, Frames]:
    """Put each fault into frames [n, mics, frame], at random channels."""
    k, j = rng.choice(x.shape[1], 2, replace=False)
    names = ("deaf", "inverted", "twice", *NEARLY, LATE, "exchanged", "unrelated", "hum")
    found = {name: x.copy() for name in names}
    scale = float(x.std())
    found["deaf"][:, k] = rng.normal(scale=scale, size=x[:, k].shape)
    found["inverted"][:, k] *= -1
    found["twice"][:, k] = 0.5 * x[:, j]
    found["exchanged"][:, [j, k]] = x[:, [k, j]]
    found["unrelated"][:] = rng.normal(scale=scale, size=x.shape)
    for name, level in NEARLY.items():
        noise = rng.normal(scale=scale * 10 ** (level / 20), size=x[:, j].shape)
        found[name][:, k] = x[:, j] + noise
    found[LATE][:, k] = np.roll(x[:, j], 1, axis=1)
    gains = 10 ** (rng.normal(scale=0.5, size=(1, x.shape[1], 1)) / 20)
    found["hum"][:] = scale * gains * np.sin(2 * np.pi * 50 / 16_000 * np.arange(x.shape[2]))
    found["hum"] += rng.normal(scale=scale / 1000, size=x.shape).astype(np.float32)
    return {"none": x, **found}


def wiring(dataset: Dataset) -> Iterator[str]:
    """Tell how often each fault is refused, and how far apart the evidence lies."""
    d, frames, rng = dataset.definition, sound(dataset), np.random.default_rng(7)
    refused: dict[str, list[bool]] = {}
    seen: dict[str, dict[str, list[float]]] = {}
    for clip in np.unique(dataset["clip"]):
        x = frames[dataset["clip"] == clip]
        if len(x) < LEAST:
            continue
        for name, y in broken(x, rng).items():
            e = evidence(y, d)
            refused.setdefault(name, []).append(fault(y, d, e) is not None)
            for label, value in (
                ("peak", e.peak * np.sqrt(d.frame * d.shape[1])),
                ("least share", float(e.shares.min() / np.median(e.shares))),
                ("inverted", float(e.inverted.max())),
                ("exchanged", max(e.exchanged.values())),
                ("alike", e.alike),
                ("above hum", e.common * np.sqrt(d.frame * d.shape[1])),
            ):
                seen.setdefault(label, {}).setdefault(name, []).append(value)
    yield table(
        ("fault", "clips", "refused"),
        [(name, len(found), sum(found)) for name, found in refused.items()],
    )
    rows: list[tuple[object, ...]] = []
    for label, limit, name in (("peak", RELATED, "unrelated"), ("least share", DEAF, "deaf"),
                               ("inverted", INVERTED, "inverted"),
                               ("exchanged", EXCHANGED, "exchanged"),
                               ("alike", ALIKE, "twice, noise at -34 dB"),
                               ("above hum", RELATED, "hum")):  # fmt: skip
        ranges = ("{:.2f}, {:.2f}, {:.2f}".format(*np.percentile(seen[label][of], [1, 50, 99]))
                  for of in ("none", name))  # fmt: skip
        rows.append((label, limit, *ranges))
    yield table(("evidence", "limit", "sound: 1 %, median, 99 %", "faulty: the same"), rows)


MEASURES = {"subclass": subclass, "clipping": clipping, "wiring": wiring}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("what", choices=list(MEASURES))
    parser.add_argument("--work", type=Path, default=Path("out"), help="folder (%(default)s)")
    parser.add_argument("--rooms", type=int, default=60, help="rooms to simulate (%(default)s)")
    given = parser.parse_args()
    try:
        given.work.mkdir(parents=True, exist_ok=True)
        dataset = make(
            "test", given.rooms, conditions=(HARD, EASY), seed=4, audio=True, progress=True,
            path=given.work / f"measure-{given.rooms}.npz",
        )  # fmt: skip
        for shown in MEASURES[given.what](dataset):
            print(f"{shown}\n")
    except (DatasetError, ModelError, MissingExtraError) as error:
        parser.exit(1, f"{COMMAND}: {error}\n")


if __name__ == "__main__":
    main()
