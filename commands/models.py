"""`otus models`: the shipped models, and their cards.

`python -m otus.commands.models` writes into every card how many cycles its model takes, which the
recipe that makes the cards cannot know, and the page of accuracy again.
"""

from pathlib import Path
from typing import Any

from rich.table import Table

from .. import models
from ..arch.geometry import NAMED
from ..doa import card
from ..driver.compiler import ModelError, compile_model
from .report import CommandError, render, show

#: Geometry for which cycles are told: 8x8.
GEOMETRY = NAMED["default"]


def main(name: str | None, as_json: bool) -> None:
    """List the models, or show the card of one."""
    if name is None:
        rows = [summary(each) for each in models.names()]
        show(as_json, {"models": rows}, lambda: _list(rows))
        return
    if name not in models.names():
        raise CommandError(f"model {name!r} is not known; known: {', '.join(models.names())}")
    described, _ = card.read(models.FOLDER / f"{name}.json")
    values = summary(name)
    show(as_json, {**values, "card": described}, lambda: _card(values, described))


def summary(name: str) -> dict[str, Any]:
    """Tell what a shipped model is, how good, and how many cycles it takes."""
    described, definition = card.read(models.FOLDER / f"{name}.json")
    whole = [s for s in described["accuracy"]["scores"] if "," not in s["name"]]
    try:
        cycles, fits = count(models.find(name)), None
    except ModelError as error:
        cycles, fits = None, str(error)
    return {
        "name": name,
        "task": described["task"],
        "array": definition.array.name,
        "shape": [*definition.shape, described["classes"]["count"]],
        "parameters": described["parameters"],
        "accuracy": {s["name"]: {"exact": s["exact"][0], "within_one": s["within_one"][0]}
                     for s in whole},
        "geometry": GEOMETRY.name,
        "cycles": cycles,
        "refused": fits,
    }  # fmt: skip


def count(model: Path) -> int:
    """Tell the cycles of an inference."""
    return int(compile_model(model, GEOMETRY).prediction.total)


def fill(folder: Path = models.FOLDER) -> None:
    """Write cycles into the cards of a folder, and its page of accuracy."""
    for model in sorted(folder.glob("*.tflite")):
        described, _ = card.read(model.with_suffix(".json"))
        card.write(model, model.read_bytes(), described | {"cycles": {GEOMETRY.name: count(model)}})
    (folder / "README.md").write_text(card.page(folder), encoding="utf-8")


def _cycles(row: dict[str, Any]) -> str:
    return "does not fit" if row["cycles"] is None else str(row["cycles"])


def _list(rows: list[dict[str, Any]]) -> str:
    table = Table(box=None, header_style="bold")
    for heading in ("model", "task", "array", "shape", "accuracy %"):
        table.add_column(heading)
    for heading in ("parameters", f"cycles {GEOMETRY.name}"):
        table.add_column(heading, justify="right")
    for row in rows:
        lags, pairs, classes = row["shape"]
        lines = [f"{name} {a['exact']:.1f} / {a['within_one']:.1f}"
                 for name, a in row["accuracy"].items()]  # fmt: skip
        table.add_row(
            row["name"],
            row["task"],
            row["array"],
            f"{lags}x{pairs} -> {classes}",
            "\n".join(lines),
            str(row["parameters"]),
            _cycles(row),
        )
    return (
        f"{render(table)}\naccuracy: exact class / within one, single frames of 128 ms; "
        "more: otus models NAME"
    )


def _card(row: dict[str, Any], described: dict[str, Any]) -> str:
    features, (lags, pairs, classes) = described["features"], row["shape"]
    lines = [
        f"{row['name']}: {row['task']}, {classes} classes of "
        f"{described['classes']['step_degrees']:g} degrees",
        f"array      {features['array']}, {len(features['positions_m'])} microphones",
        f"features   {lags} lags x {pairs} pairs; {features['fs']} Hz, frames of "
        f"{features['frame']} samples, hop {features['hop']}",
        f"network    widths {','.join(map(str, described['widths']))}, {row['parameters']} "
        "parameters, int8",
        f"cycles     {_cycles(row)} at {GEOMETRY.name}",
        f"made by    {described['command']} (seed {described['seed']}, {described['epochs']} "
        "epochs)",
        "versions   " + ", ".join(f"{k} {v}" for k, v in described["versions"].items()),
        *(f"           {k} {v}" for k, v in described.get("made_by", {}).items() if v),
        f"sha256     {described['sha256']}",
    ]
    lines += [
        f"data       {d['split']}: {d['frames']} frames, {d['rooms']} rooms, "
        f"{', '.join(dict.fromkeys(d['conditions']))}"
        for d in described["data"]
    ]
    table = Table(box=None, header_style="bold")
    table.add_column("frames of")
    for heading in ("frames", "rooms", "exact %", "within one %", "gross %", "mean °", "median °"):
        table.add_column(heading, justify="right")
    for s in described["accuracy"]["scores"]:
        shares = ["{:.1f} ({:.1f} to {:.1f})".format(*s[f]) for f in ("exact", "within_one")]
        plain = [f"{s[f][0]:.1f}" for f in ("gross", "mean_error", "median_error")]
        table.add_row(s["name"], str(s["frames"]), str(s["rooms"]), *shares, *plain)
    return "\n".join([*lines, "", render(table)])


if __name__ == "__main__":
    fill()
