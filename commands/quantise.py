"""`otus quantise`: a trained network as an int8 .tflite file with its card."""

from pathlib import Path

import numpy as np

from ..doa import card
from ..doa.angles import TASKS
from ..doa.dataset import Dataset
from ..doa.litert import reference
from ..doa.network import inference, load
from ..doa.quantise import quantise
from .report import CommandError, show

#: Frames on which int8 and float32 are compared.
COMPARED = 2000


def main(model: Path, data: Path, output: Path, samples: int, as_json: bool) -> None:
    """Convert, compare, and write the model and its card."""
    if output.suffix != ".tflite":
        raise CommandError(f"{output}: int8 models are .tflite files; name it {output.stem}.tflite")
    network, record = load(model)
    frames = Dataset.load(data)
    content = quantise(network, frames.features, samples=samples)
    speech = frames.meta.get("made_by", {}).get("speech", "")
    described = card.describe(content, record, int(network.count_params()), speech=speech)
    picked = np.unique(np.linspace(0, len(frames) - 1, COMPARED).astype(np.int64))
    features = frames.features[picked]
    single = inference(network)(features)
    same = np.mean(reference(content)(features).argmax(axis=1) == single.argmax(axis=1))
    written = card.write(output, content, described)
    values = {
        "model": str(output),
        "card": str(written),
        "task": record["task"],
        "classes": TASKS[record["task"]].classes.count,
        "bytes": len(content),
        "frames_compared": len(picked),
        "same_class_percent": 100 * float(same),
    }
    text = (
        f"{output}: int8, {len(content)} bytes; card {written.name}; the same class as float32 in "
        f"{values['same_class_percent']:.1f} % of {len(picked)} frames\n"
        f"next: otus evaluate {output} TEST.npz --float {model}"
    )
    show(as_json, values, lambda: text)
