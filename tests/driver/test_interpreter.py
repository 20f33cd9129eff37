"""The interpreter against LiteRT's own: the same calls, dictionaries and numbers."""

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import numpy as np
import pytest
from execute import golden
from modelgen import reference_model

from otus.arch.geometry import Geometry
from otus.driver import link
from otus.driver.compiler import ModelError, compile_model
from otus.driver.interpreter import Interpreter

MODEL = reference_model(36)


@pytest.fixture(autouse=True)
def _golden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the golden device without the installed package's entry points."""
    entry = EntryPoint("golden", "otus.sim.golden_link:open_device", link.GROUP)
    monkeypatch.setattr(link, "entry_points", EntryPoints((entry,)).select)


def test_same_program_as_for_litert(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL)
    interpreter = Interpreter(model_path=str(path), device="golden", geometry="8x8")
    interpreter.allocate_tensors()
    given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    data = np.random.default_rng(3).integers(-128, 128, given["shape"], dtype=given["dtype"])
    interpreter.set_tensor(given["index"], data)
    interpreter.invoke()
    found = interpreter.get_tensor(wanted["index"])
    program = compile_model(MODEL, Geometry.parse("8x8"))
    np.testing.assert_array_equal(found, golden(program, data))
    np.testing.assert_array_equal(interpreter.get_tensor(given["index"]), data)
    interpreter.close()


def test_details_are_those_of_litert() -> None:
    litert = pytest.importorskip(
        "ai_edge_litert.interpreter",
        reason="ai-edge-litert is not installed: pip install otus[oracle]",
    )
    theirs = litert.Interpreter(model_content=MODEL)
    ours = Interpreter(model_content=MODEL, device="golden")
    for mine, other in (
        (ours.get_input_details()[0], theirs.get_input_details()[0]),
        (ours.get_output_details()[0], theirs.get_output_details()[0]),
    ):
        assert mine.keys() == other.keys()
        assert mine["dtype"] is other["dtype"]
        assert mine["quantization"] == pytest.approx(other["quantization"])
        assert mine["name"] == other["name"]
        for key in ("shape", "shape_signature"):
            np.testing.assert_array_equal(mine[key], other[key])
            assert mine[key].dtype == other[key].dtype
        parameters = mine["quantization_parameters"], other["quantization_parameters"]
        # LiteRT 2.3 adds `block_size`, which tflite_runtime does not have.
        assert parameters[0].keys() <= parameters[1].keys()
        np.testing.assert_array_equal(parameters[0]["scales"], parameters[1]["scales"])
    ours.close()


def test_errors() -> None:
    with pytest.raises(ValueError, match="give model_path or model_content, and not both"):
        Interpreter(device="golden")
    with pytest.raises(ModelError):
        Interpreter(model_content=b"nothing", device="golden")
    interpreter = Interpreter(model_content=MODEL, device="golden")
    with pytest.raises(RuntimeError, match=r"call allocate_tensors\(\) first"):
        interpreter.invoke()
    interpreter.allocate_tensors()
    with pytest.raises(ValueError, match="got float32, expected int8; quantise with"):
        interpreter.set_tensor(0, np.zeros((1, 13, 15), np.float32))
    with pytest.raises(ValueError, match=r"got shape \[13, 15\], expected \[1, 13, 15\]"):
        interpreter.set_tensor(0, np.zeros((13, 15), np.int8))
    with pytest.raises(ValueError, match=r"set_tensor: got index 1, allowed is 0"):
        interpreter.set_tensor(1, np.zeros((1, 13, 15), np.int8))
    with pytest.raises(ValueError, match="get_tensor: got index 7"):
        interpreter.get_tensor(7)
    interpreter.close()
