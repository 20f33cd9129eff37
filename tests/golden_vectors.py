"""Committed golden vectors: inputs, and what both oracles made of them.

`python tests/golden_vectors.py` makes those that are missing or of another model (it needs
espeak-ng and the extras train and oracle), which is due whenever a shipped model changes. Each file
holds its provenance as JSON.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import filterfalse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from otus import models
from otus.driver.compiler import ORACLES

Int8Array = npt.NDArray[np.int8]

FOLDER = Path(__file__).parent / "vectors"
COMMAND = "python tests/golden_vectors.py"

#: Simulated rooms and frames, from voices and rooms that training does not use.
SPLIT, ROOMS, CLIPS, SPEECH_SEED, FRAMES = "validation", 24, 4, 20, 1008
RANDOM_INPUTS, RANDOM_SEED = 1000, 0
#: Random models that are kept, and how large they may be.
KEPT_MODELS, KEPT_INPUTS, KEPT_BYTES = 20, 8, 9_000


def random_inputs(shape: tuple[int, ...], count: int, seed: int) -> Int8Array:
    """Draw int8 [count, ...]; the first two are the extremes."""
    values = np.random.default_rng(seed).integers(-128, 128, (count, *shape)).astype(np.int8)
    values[0] = -128
    values[1:2] = 127
    return values


@dataclass(frozen=True)
class Vector:
    """What a shipped model's file holds."""

    speech: Int8Array
    rooms: int
    outputs: dict[str, tuple[Int8Array, Int8Array]]
    """For each oracle: on speech, on random inputs."""

    def cases(self, oracle: str) -> Iterator[tuple[Int8Array, Int8Array]]:
        """Give inputs and expected outputs."""
        noise = random_inputs(self.speech.shape[1:], RANDOM_INPUTS, RANDOM_SEED)
        yield from zip((self.speech, noise), self.outputs[oracle], strict=True)


@dataclass(frozen=True)
class KeptModel:
    """A random model, its inputs, and for each oracle its outputs."""

    data: bytes
    inputs: Int8Array
    outputs: dict[str, Int8Array]


def load(name: str) -> Vector:
    """Read the vectors of a shipped model; they have to belong to the file that is shipped."""
    with np.load(FOLDER / f"{name}.npz") as file:
        provenance = json.loads(str(file["provenance"]))
        digest = hashlib.sha256(models.find(name).read_bytes()).hexdigest()
        assert provenance["model_sha256"] == digest, f"{name}.tflite has changed: run `{COMMAND}`"
        outputs = {o: (file[f"{o}_speech"], file[f"{o}_random"]) for o in ORACLES}
        return Vector(file["speech"], provenance["rooms"], outputs)


def load_models() -> list[KeptModel]:
    """Read the random models."""
    with np.load(FOLDER / "random_models.npz") as file:
        return [
            KeptModel(
                file[f"model{i}"].tobytes(),
                file[f"inputs{i}"],
                {oracle: file[f"{oracle}{i}"] for oracle in ORACLES},
            )
            for i in range(KEPT_MODELS)
        ]


def _save(name: str, provenance: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
    import oracles

    made_by = {"command": COMMAND, "oracles": {o: oracles.provenance(o) for o in ORACLES}}
    text = np.array(json.dumps(made_by | provenance))
    np.savez_compressed(FOLDER / f"{name}.npz", allow_pickle=False, provenance=text, **arrays)


def _current(name: str) -> bool:
    """Whether the vectors of a model are there, and of the file that is shipped."""
    try:
        load(name)
    except (FileNotFoundError, AssertionError):
        return False
    return True


def _make_shipped() -> None:
    import oracles

    from otus.doa import card
    from otus.doa.generate import make

    kept: dict[Any, Any] = {}
    for name in filterfalse(_current, models.names()):
        _, definition = card.read(models.FOLDER / f"{name}.json")
        if definition not in kept:
            kept[definition] = make(
                SPLIT, ROOMS, clips=CLIPS, seed=SPEECH_SEED, pool=40, definition=definition
            )
        frames = kept[definition]
        chosen = np.random.default_rng(SPEECH_SEED).permutation(len(frames))[:FRAMES]
        path = models.find(name)
        data = path.read_bytes()
        scale, zero = _input_quantisation(data)
        real = frames.features[np.sort(chosen)] / np.float32(scale)
        speech = np.clip(np.rint(real) + zero, -128, 127).astype(np.int8)
        noise = random_inputs(speech.shape[1:], RANDOM_INPUTS, RANDOM_SEED)
        arrays: dict[str, npt.NDArray[Any]] = {"speech": speech}
        for oracle in ORACLES:
            arrays[f"{oracle}_speech"] = oracles.run(oracle, data, speech)
            arrays[f"{oracle}_random"] = oracles.run(oracle, data, noise)
        rooms = len(np.unique(frames["room"][chosen]))
        provenance = {
            "model": f"{name}.tflite",
            "model_sha256": hashlib.sha256(data).hexdigest(),
            "speech": {"split": SPLIT, "seed": SPEECH_SEED, "clips": CLIPS, "frames": len(speech)},
            "rooms": rooms,
            "random": {"inputs": RANDOM_INPUTS, "numpy_default_rng_seed": RANDOM_SEED},
        }
        _save(name, provenance, arrays)


def _input_quantisation(data: bytes) -> tuple[float, int]:
    from otus.arch.geometry import Geometry
    from otus.driver.compiler import compile_model

    spec = compile_model(data, Geometry.parse("default")).input
    return spec.scale, spec.zero_point


def _make_models() -> None:
    import oracles
    from random_models import random_model

    arrays: dict[str, npt.NDArray[Any]] = {}
    seeds: list[int] = []
    seed = 10_000
    while len(seeds) < KEPT_MODELS:
        seed += 1
        model = random_model(seed, conv_bias=True)
        inputs = random_inputs(model.shape, KEPT_INPUTS, seed)
        if len(model.data) > KEPT_BYTES:
            continue
        outputs = {oracle: oracles.run(oracle, model.data, inputs) for oracle in ORACLES}
        if len(np.unique(outputs["tflm"])) < 12:
            continue
        i = len(seeds)
        arrays |= {f"{oracle}{i}": values for oracle, values in outputs.items()}
        arrays |= {f"model{i}": np.frombuffer(model.data, "u1"), f"inputs{i}": inputs}
        seeds.append(seed)
    _save("random_models", {"modelgen_seeds": seeds}, arrays)


#: Of the committed vectors, what boards are tested with: frames of speech, and the extremes.
KNOWN_ANSWERS = models.FOLDER / "known_answers.npz"
KNOWN_SPEECH, KNOWN_RANDOM = 14, 2
#: The random model that fits every named geometry.
KNOWN_SMALL = 18


def known_answers() -> dict[str, npt.NDArray[Any]]:
    """Choose from the committed vectors what `otus selftest` compares."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name in models.names():
        vector = load(name)
        (speech, noise), (told, heard) = zip(*vector.cases("tflm"), strict=True)
        step = len(speech) // KNOWN_SPEECH
        some = slice(0, KNOWN_SPEECH * step, step)
        arrays[f"{name}_inputs"] = np.concatenate([speech[some], noise[:KNOWN_RANDOM]])
        arrays[f"{name}_outputs"] = np.concatenate([told[some], heard[:KNOWN_RANDOM]])
    small = load_models()[KNOWN_SMALL]
    arrays["small_model"] = np.frombuffer(small.data, "u1")
    arrays["small_inputs"], arrays["small_outputs"] = small.inputs, small.outputs["tflm"]
    return arrays


def _make_known_answers() -> None:
    with np.load(FOLDER / "random_models.npz") as file:
        provenance = file["provenance"]
    arrays = known_answers()
    np.savez_compressed(KNOWN_ANSWERS, allow_pickle=False, provenance=provenance, **arrays)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    FOLDER.mkdir(exist_ok=True)
    if not (FOLDER / "random_models.npz").is_file():
        _make_models()
    _make_shipped()
    _make_known_answers()
