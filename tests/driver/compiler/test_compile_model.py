"""The one call, and what it says about files."""

from pathlib import Path
from typing import cast

import pytest
from modelgen import reference_model

from otus.arch.geometry import Geometry
from otus.driver.compiler import ModelError, Oracle, compile_model

GEOMETRY = Geometry.parse("default")


def test_bytes_and_paths_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(reference_model())
    programs = [compile_model(source, GEOMETRY) for source in (path, str(path), path.read_bytes())]
    assert len({program.weights for program in programs}) == 1


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"missing.tflite: No such file or directory; give a read"):
        compile_model(tmp_path / "missing.tflite", GEOMETRY)
    with pytest.raises(ModelError, match=r"Is a directory; give a readable .tflite file"):
        compile_model(tmp_path, GEOMETRY)


def test_unknown_oracles_are_refused() -> None:
    name = cast(Oracle, "xnnpack")
    with pytest.raises(ModelError, match=r"oracle: got 'xnnpack', allowed is one of tflm, litert"):
        compile_model(reference_model(), GEOMETRY, name)
