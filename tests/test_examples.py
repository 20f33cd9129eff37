"""The example programs, on either runtime by changing the import."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from oracles import require
from zoo_models import Form, keyword_spotter

SOURCE = Path(__file__).parent.parent / "examples" / "classify.py"
OURS = "from otus.driver.interpreter import"
THEIRS = "from ai_edge_litert.interpreter import"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    labels = [f"word {i}" for i in range(12)]
    (tmp_path / "labels.txt").write_text("\n".join(labels))
    features = np.random.default_rng(1).uniform(-2, 2, (49, 10)).astype(np.float32)
    np.save(tmp_path / "features.npy", features)
    return tmp_path


def said(source: Path, files: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a program, and return what it prints."""
    program = runpy.run_path(str(source))
    names = ("model.tflite", "features.npy")
    capsys.readouterr()
    program["main"]([*(str(files / n) for n in names), "--labels", str(files / "labels.txt")])
    return capsys.readouterr().out


@pytest.mark.usefixtures("golden_device")
@pytest.mark.parametrize("form", ["float32", "uint8", "int8"])
def test_the_same_classes_on_either_runtime(
    form: Form,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    require("litert")
    monkeypatch.setenv("OTUS_DEVICE", "golden")
    monkeypatch.setenv("OTUS_ORACLE", "litert")
    (files / "model.tflite").write_bytes(keyword_spotter(form))
    text = SOURCE.read_text()
    assert text.count(OURS) == 1
    other = files / "litert.py"
    other.write_text(text.replace(OURS, THEIRS))
    ours = said(SOURCE, files, capsys)
    assert ours == said(other, files, capsys)
    assert len(ours.splitlines()) == 3
    assert "word" in ours
