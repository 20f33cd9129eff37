"""Model cards: what a .tflite file is, how it was made, how good it is, which features it takes."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .angles import TASKS, Task
from .dataset import Dataset
from .errors import ModelError
from .evaluate import FIGURES, Score
from .features import FeatureDefinition
from .network import DROPOUT
from .provenance import versions
from .recording import GATE_FLOOR_DB, GATE_PERCENTILE, GATE_RANGE_DB

#: Packages that shape a model.
PACKAGES = ("numpy", "scipy", "pyroomacoustics", "tensorflow-cpu", "tensorflow", "keras",
            "ai-edge-litert")  # fmt: skip


def training(
    task: Task,
    definition: FeatureDefinition,
    sets: Sequence[Dataset],
    *,
    widths: Sequence[int],
    epochs: int,
    seed: int,
    command: str,
    dropout: float = DROPOUT,
) -> dict[str, Any]:
    """Record how a network was trained, as a .keras file carries it.

    Parameters
        sets : what it learned from, then what it was watched by
    """
    return {
        "task": task.name,
        "features": definition.to_dict(),
        "widths": list(widths),
        "command": command,
        "seed": seed,
        "epochs": epochs,
        "dropout": dropout,
        "versions": versions(PACKAGES),
        "data": [s.summary() for s in sets],
    }


def describe(
    model: bytes,
    record: dict[str, Any],
    parameters: int,
    int8: Sequence[Score] = (),
    single: Sequence[Score] = (),
    *,
    speech: str = "",
) -> dict[str, Any]:
    """Describe a model: everything that says what it is, how it was made and how good it is.

    Parameters
        model : the .tflite file's bytes
        record : what `training` returned
        parameters : how many the network has
        int8, single : scores of the model, and of the float32 network that it came from
        speech : what spoke in its data sets, as these record it
    """
    classes = TASKS[record["task"]].classes
    return {
        "task": record["task"],
        "classes": {
            "count": classes.count,
            "step_degrees": classes.step,
            "circular": classes.circular,
            "meaning": "class k is centred on k * step degrees",
        },
        "sha256": hashlib.sha256(model).hexdigest(),
        "parameters": parameters,
        **{key: value for key, value in record.items() if key != "task"},
        "made_by": {"otus": versions(["otus"]).get("otus", "not installed"), "speech": speech},
        "sound_gate": {
            "range_db": GATE_RANGE_DB,
            "percentile": GATE_PERCENTILE,
            "floor_dbfs": GATE_FLOOR_DB,
            "applied_to": "the recording without noise",
        },
        "accuracy": {
            "of": "single frames, LiteRT reference kernels, split test",
            "figures": "[value, low, high]: percent or degrees, 95 % interval over rooms and "
            "source material",
            "scores": [s.to_dict() for s in int8],
            "float32": [s.to_dict() for s in single],
        },
    }


def write(model: Path, content: bytes, described: dict[str, Any]) -> Path:
    """Write a .tflite file and its card beside it; return the card's path."""
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_bytes(content)
    path = model.with_suffix(".json")
    path.write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")
    return path


def page(folder: Path) -> str:
    """Lay the accuracy of every model in a folder out as a page of Markdown, from their cards."""
    head = [*FIGURES, "int8 - float32"]
    lines = [
        "# Accuracy of the shipped models",
        "",
        "Written by `python -m otus.doa.recipe` from the cards beside it; `docs/models.md` says "
        "what the conditions and figures mean.",
    ]
    for path in sorted(folder.glob("*.tflite")):
        described, definition = read(path.with_suffix(".json"))
        accuracy = described["accuracy"]
        single = {s["name"]: s["exact"][0] for s in accuracy["float32"]}
        lines += [
            "",
            f"## {path.stem}",
            "",
            f"{described['task']}, {described['classes']['count']} classes of "
            f"{described['classes']['step_degrees']:g} degrees, array {definition.array.name}, "
            f"{described['parameters']:,} parameters{_cycles(described)}; "
            f"`{described['command']}`.",
            "",
            "| frames of | frames | rooms | "
            + " | ".join(name.replace("_", " ") for name in head)
            + " |",
            "|---" * (3 + len(head)) + "|",
        ]
        for s in accuracy["scores"]:
            if "," not in s["name"]:
                cells = ["{:.1f} ({:.1f} to {:.1f})".format(*s[figure]) for figure in FIGURES]
                gap = f"{s['exact'][0] - single[s['name']]:+.1f}" if s["name"] in single else "-"
                row = [s["name"], str(s["frames"]), str(s["rooms"]), *cells, gap]
                lines.append(f"| {' | '.join(row)} |")
    return "\n".join([*lines, ""])


def _cycles(described: dict[str, Any]) -> str:
    """Tell the cycles of an inference, if the card has them: the compiler counts them."""
    each = described.get("cycles", {}).items()
    return "".join(f", {cycles:,} cycles at {geometry}" for geometry, cycles in each)


def read(path: Path) -> tuple[dict[str, Any], FeatureDefinition]:
    """Read a model's card and the feature definition in it; refuse the card of another model.

    Parameters
        path : the .json file; the model lies beside it
    Raises
        ModelError: the card is unreadable, or the .tflite file beside it is not the card's
        DefinitionError: the feature definition in it is not usable
    """
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        definition = FeatureDefinition.from_dict(described["features"])
        want = described["sha256"]
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: not a model card ({error!r})") from error
    model = path.with_suffix(".tflite")
    if not model.is_file() or hashlib.sha256(model.read_bytes()).hexdigest() != want:
        raise ModelError(f"{model}: not the model that {path.name} describes; take both again")
    return described, definition
