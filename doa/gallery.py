"""docs/gallery.md: one sentence of the demo recording on its way from the room to the angle.

`python -m otus.doa.gallery` writes the page and its pictures into docs/. The recording, its truth
and the network are the shipped ones; the confusion matrix is of simulated rooms, from a seed.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import card, confusion, pictures, scene
from .angles import decode, running_mean, task
from .arrays import unit_vectors
from .conditions import EASY, HARD
from .errors import DatasetError, ModelError, RecordingError
from .extras import MissingExtraError, require
from .features import arrivals, gcc_phat, steered
from .generate import make
from .litert import reference
from .locate import read_truth
from .prepare import load

COMMAND = "python -m otus.doa.gallery"
ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"
#: Frames whose probabilities `otus locate` averages where it is told nothing.
AVERAGE = 4

PAGE = """# From a room to an angle

One frame of the demo recording, step by step. `{command}` makes this page and its pictures again;
[models](models.md) says how good the networks are, [locate](locate.md) what `otus locate` does with
a recording.

## 1. A room

![The room and the array](gallery/room.png)

A simulated room of {size} m (`doa/rooms.py`) in which sound falls by 60 dB in {rt60:g} s. Two
speakers say {count} sentences from {count} places around {mics} microphones on a ring of
{diameter:.0f} mm. Azimuth counts counter-clockwise from microphone 0, elevation from the table up.
The recording is `models/demo.flac`, the truth beside it `models/demo.json`, and
`python -m otus.doa.scene` makes both.

## 2. What the microphones hear

![Waveforms](gallery/sound.png)

All hear the same wave, some a little earlier: from one side of the ring to the other sound takes
{across:.0f} us, {samples:.1f} samples at {fs} Hz. The direction is in these delays and in little
else. The frame is number {frame} of {frames}, {length:.0f} ms long, at {time:.2f} s: of those of
the first sentence, from {azimuth:.0f} degrees, the one with least echo. Before anything else
`doa/prepare.py` has made sure that the channels are what they should be, and frames without sound
are left out.

## 3. Features: who heard it first

![GCC-PHAT](gallery/features.png)

Every pair of microphones is cross-correlated (`doa/features.py`). The phase transform gives every
frequency the same weight, so that the peak is narrow whatever the voice. {pairs} pairs and {lags}
lags are all that the network sees. The rings mark where a wave from the true direction must peak.
In a bare field every ring would lie on a dark spot; echoes blur that, and other spots appear.

## 4. The network

![What every layer holds](gallery/network.png)

Two convolutions along the lags, a pooling, two dense layers: {parameters:,} parameters. These are
the int8 values themselves, each row of pictures one layer, and the accelerator computes every one
of them to the bit ([numbers](numbers.md)). The last layer has one value a class: class k stands for
k x 10 degrees.

## 5. Probabilities, and an angle

![Probabilities of one frame and of all](gallery/probabilities.png)

The softmax makes probabilities of them. The angle is the vertex of a parabola through the logarithm
of the best class and its neighbours: {angle:.1f} degrees, where the truth is {azimuth:.0f}. The
confidence, {confidence:.2f}, is what these three classes have of the probability. On the right
every ring is a frame: the {count} sentences are {count} directions, with silence between them.
`otus locate` averages {average} frames, which drowns most of the stray ones.

## 6. How often that is right

![Confusion matrix](gallery/confusion.png)

{tested:,} frames of {rooms} rooms that the network has never heard, half of them easy, half hard
(the conditions are those of [models](models.md)), each frame on its own: {exact:.1f} % in the right
class of 36, {within:.1f} % at most one beside it. What is wrong lies all over the circle: an
echo that was louder than the voice, a frame that was nearly noise.

    otus demo                        # the same recording on the simulated accelerator
    otus locate demo.flac --plot a.png
"""


def layers(model: Path, feature: NDArray[np.float32]) -> list[tuple[str, NDArray[np.int8]]]:
    """Run one frame, and keep what every layer holds: its name, int8 [time, channels] or [n]."""
    litert = require("ai_edge_litert.interpreter", "oracle")
    runner = litert.Interpreter(
        model_path=str(model),
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    runner.allocate_tensors()
    given = runner.get_input_details()[0]
    scale, zero = given["quantization"]
    steps = np.clip(np.rint(feature / scale) + zero, -128, 127).astype(np.int8)
    runner.set_tensor(given["index"], steps[None])
    runner.invoke()
    found = [("features", steps)]
    for tensor in runner.get_tensor_details():
        name: str = tensor["name"]
        computed = tensor["shape"][0] == 1 and tensor["dtype"] is np.int8
        if not computed or "ExpandDims" in name or "Reshape" in name:
            continue
        if tensor["index"] == given["index"]:
            continue
        kinds = {"MaxPool": "max-pool", "conv": "convolution", "dense": "dense"}
        label = next((kind for word, kind in kinds.items() if word in name), "softmax")
        found.append((label, np.squeeze(runner.get_tensor(tensor["index"]))))
    return found


def make_page(docs: Path, work: Path, *, rooms: int = 60, progress: bool = False) -> Path:
    """Write gallery.md and gallery/*.png.

    Parameters
        docs : folder of the page
        work : folder of the simulated data set, which is kept
        rooms : how many rooms the confusion matrix is made of
    """
    described, d = card.read(MODELS / "azimuth.json")
    recording, segments = load(MODELS / "demo.flac", d), read_truth(MODELS / "demo.json")
    network, azimuth = reference(MODELS / "azimuth.tflite"), task("azimuth")
    times, truth = d.times(len(recording.frames)), segments[0]
    inside = recording.heard & (times > truth.start) & (times < truth.end)
    # The frame in which most of the sound comes straight from the voice.
    arrival = arrivals(unit_vectors(truth.azimuth, truth.elevation)[None], d)
    every = gcc_phat(recording.frames, d)
    number = int(np.where(inside, steered(every, d, arrival).sum(axis=(1, 2)), -np.inf).argmax())
    feature = every[number : number + 1]
    single = network(feature).astype(np.float64)
    rows = np.zeros((len(times), azimuth.classes.count))
    rows[recording.heard] = network(every[recording.heard])
    rows = np.where(recording.heard[:, None], running_mean(rows, AVERAGE, recording.heard), 0)
    degrees, confidence = decode(single, azimuth.classes)

    folder = docs / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    places = [line[:3] for line in scene.SPEECH]
    pictures.room(folder / "room.png", scene.ROOM, scene.CENTRE, d, places)
    pictures.sound(folder / "sound.png", recording.frames[number], d.fs)
    pictures.features(folder / "features.png", feature[0], d, truth)
    held = layers(MODELS / "azimuth.tflite", feature[0])
    pictures.network(folder / "network.png", held)
    pictures.probabilities(folder / "probabilities.png", single[0], float(degrees[0]), truth, times,
                           rows, segments)  # fmt: skip
    work.mkdir(parents=True, exist_ok=True)
    tests = make("test", rooms, conditions=(HARD, EASY), seed=4, audio=True, progress=progress,
                 path=work / f"measure-{rooms}.npz")  # fmt: skip
    found = azimuth.decode(network(tests.features))
    confusion.plot({"azimuth": found}, tests, azimuth, folder / "confusion.png",
                   title="Rooms that the network has never heard")  # fmt: skip
    gap = azimuth.classes.distance(
        azimuth.classes.of(found), azimuth.classes.of(azimuth.truth(tests.fields))
    )
    values: dict[str, Any] = {
        "command": COMMAND,
        "size": " x ".join(f"{side:g}" for side in scene.ROOM.size),
        "rt60": scene.ROOM.rt60,
        "count": {5: "five"}.get(len(segments), len(segments)),
        "mics": {6: "six"}.get(d.array.mics, d.array.mics),
        "diameter": 1000 * d.array.aperture,
        "across": 1e6 * d.array.aperture / d.c,
        "samples": d.array.aperture / d.c * d.fs,
        "fs": f"{d.fs:,}",
        "frame": number,
        "frames": len(times),
        "length": 1000 * d.frame / d.fs,
        "time": times[number],
        "azimuth": truth.azimuth,
        "pairs": d.shape[1],
        "lags": d.lags,
        "parameters": described["parameters"],
        "angle": float(degrees[0]),
        "confidence": float(confidence[0]),
        "average": {4: "four"}.get(AVERAGE, AVERAGE),
        "tested": len(tests),
        "rooms": rooms,
        "exact": 100 * (gap == 0).mean(),
        "within": 100 * (gap <= 1).mean(),
    }
    page = docs / "gallery.md"
    page.write_text(PAGE.format(**values), encoding="utf-8")
    return page


def main() -> None:
    """Make the page."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Make docs/gallery.md.")
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="folder of the page")
    parser.add_argument("--work", type=Path, default=Path("out"), help="folder (%(default)s)")
    parser.add_argument("--rooms", type=int, default=60, help="rooms to simulate (%(default)s)")
    given = parser.parse_args()
    try:
        page = make_page(given.docs, given.work, rooms=given.rooms, progress=True)
    except (DatasetError, ModelError, RecordingError, MissingExtraError) as error:
        parser.exit(1, f"{COMMAND}: {error}\n")
    size = sum(picture.stat().st_size for picture in (page.parent / "gallery").glob("*.png"))
    print(f"{page}: {size / 1000:.0f} kB of pictures")


if __name__ == "__main__":
    main()
