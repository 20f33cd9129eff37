"""The interpreter against LiteRT's own: one file of tests, run on both, equal to the bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from execute import golden
from modelgen import Builder, reference_model
from oracles import require
from zoo_models import FORMS, ZOO, Form

from otus.arch.geometry import Geometry
from otus.driver import interpreter as otus
from otus.driver.compiler import ModelError, compile_model
from otus.driver.interpreter import Interpreter

pytestmark = pytest.mark.usefixtures("golden_device")

MODEL = reference_model(36)

#: Makes an interpreter of a model's bytes; further parameters go to its constructor.
Make = Callable[..., Any]


def litert(model: bytes | None = None, **parameters: Any) -> Any:
    """Make LiteRT's interpreter, with the kernels that define "bit-exact"."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    parameters.setdefault("experimental_op_resolver_type", OpResolverType.BUILTIN_REF)
    return Interpreter(model_content=model, **parameters)


def ours(model: bytes | None = None, **parameters: Any) -> Any:
    """Make ours."""
    parameters.setdefault("experimental_op_resolver_type", otus.OpResolverType.BUILTIN_REF)
    return Interpreter(model_content=model, device="golden", oracle="litert", **parameters)


@pytest.fixture(params=["litert", "otus"])
def make(request: pytest.FixtureRequest) -> Make:
    require("litert")
    return {"litert": litert, "otus": ours}[request.param]


def values(details: dict[str, Any], seed: int) -> np.ndarray:
    """Draw an input."""
    rng = np.random.default_rng(seed)
    if details["dtype"] is np.float32:
        return rng.uniform(-2.2, 2.2, details["shape"]).astype(np.float32)
    limits = np.iinfo(details["dtype"])
    return rng.integers(limits.min, limits.max + 1, details["shape"], details["dtype"])


def transcript(interpreter: Any) -> dict[str, Any]:
    """Do what a program does with an interpreter, and keep all that it says."""
    interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    said: dict[str, Any] = {
        "inputs": inputs,
        "outputs": outputs,
        "signatures": interpreter.get_signature_list(),
        "subgraphs": interpreter.num_subgraphs(),
        "results": [],
    }
    for seed in range(2):
        for i, details in enumerate(inputs):
            interpreter.set_tensor(details["index"], values(details, 10 * seed + i))
        interpreter.invoke()
        said["results"] += [interpreter.get_tensor(d["index"]) for d in (*inputs, *outputs)]
        said["results"] += [interpreter.tensor(d["index"])().copy() for d in outputs]
    for key in said["signatures"]:
        runner = interpreter.get_signature_runner(key)
        given = {n: values(d, 99) for n, d in runner.get_input_details().items()}
        said[f"{key} inputs"] = runner.get_input_details()
        said[f"{key} outputs"] = runner.get_output_details()
        said[f"{key} result"] = runner(**given)
    return said


def same(a: Any, b: Any, where: str = "") -> None:
    """Compare everything, types included."""
    assert type(a) is type(b), where
    if isinstance(a, dict):
        assert list(a) == list(b), where
        for key in a:
            same(a[key], b[key], f"{where}[{key!r}]")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{where}[{i}]")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, where
        np.testing.assert_array_equal(a, b, where)
    else:
        assert a == b, where


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("azimuth-360", "float32"),
        ("azimuth-360", "uint8"),
        ("autoencoder", "float32"),
        ("keyword-spotter", "int8"),
        ("residual", "uint8"),
        *((name, form) for name in ("micro-dense", "micro-conv") for form in FORMS),
    ],
)
def test_the_same_transcript(name: str, form: Form) -> None:
    require("litert")
    model = ZOO[name](form)
    same(transcript(ours(model, geometry="16x16")), transcript(litert(model)))


def two_by_two() -> bytes:
    """Build a model of two inputs, two outputs and a branch."""
    b = Builder()
    rng = np.random.default_rng(0)
    x = b.input([1, 1, 6, 8], 0.05, 3, name="left")
    y = b.input([1, 1, 6, 8], 0.02, -7, name="right")
    both = b.sum(x, y, (0.06, 0))
    weights = rng.integers(-50, 50, (8, 1, 3, 8)).astype(np.int8)
    bias = rng.integers(-500, 500, 8).astype(np.int32)
    one = b.conv(both, weights, bias, 0.003, (0.05, 1), same=True, activation="RELU_N1_TO_1")
    other = b.conv(both, weights[:, :, ::-1], bias, 0.003, (0.05, -1), same=True)
    total = b.sum(one, other, (0.08, 0))
    narrow = b.pool(total, (1, 2), (1, 2), kind="AVERAGE_POOL_2D")
    b.signature({"a": x, "b": y}, {"sum": total, "mean": narrow}, "both")
    return b.build(total, narrow)


def test_several_inputs_and_outputs() -> None:
    require("litert")
    model = two_by_two()
    interpreter = ours(model)
    same(transcript(interpreter), transcript(litert(model)))
    places = dict(interpreter.plan.places())
    assert {o.kind for o, where in places.items() if where != "host"} == {"CONV_2D"}


def test_every_tensor_where_they_are_preserved() -> None:
    require("litert")
    for model in (two_by_two(), ZOO["keyword-spotter"]("float32")):
        mine = ours(model, experimental_preserve_all_tensors=True)
        theirs = litert(model, experimental_preserve_all_tensors=True)
        for interpreter in (mine, theirs):
            transcript(interpreter)
        # Further tensors are LiteRT's scratch memory.
        details = mine.get_tensor_details()
        same(details, theirs.get_tensor_details()[: len(details)])
        for d in details:
            same(mine.get_tensor(d["index"]), theirs.get_tensor(d["index"]), d["name"])


def test_constants_are_tensors(make: Make) -> None:
    interpreter = make(MODEL)
    interpreter.allocate_tensors()
    (weights,) = [d for d in interpreter.get_tensor_details() if list(d["shape"]) == [36, 100]]
    assert interpreter.get_tensor(weights["index"]).shape == (36, 100)


def test_views_are_read_and_written_in_place(make: Make) -> None:
    interpreter = make(MODEL)
    interpreter.allocate_tensors()
    given = interpreter.tensor(interpreter.get_input_details()[0]["index"])
    result = interpreter.tensor(interpreter.get_output_details()[0]["index"])
    given().fill(5)
    interpreter.invoke()
    first = result().copy()
    given()[0, :6] = 90
    interpreter.invoke()
    assert not np.array_equal(first, result())
    np.testing.assert_array_equal(
        given(), interpreter.get_tensor(interpreter.get_input_details()[0]["index"])
    )


@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"num_threads": 0}, ValueError), ({"experimental_op_resolver_type": "fast"}, ValueError)],
)
def test_parameters_that_are_wrong(
    make: Make, parameters: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        make(MODEL, **parameters)


def test_harmless_parameters(make: Make) -> None:
    interpreter = make(
        MODEL,
        num_threads=4,
        experimental_delegates=None,
        experimental_disable_delegate_clustering=True,
    )
    interpreter.allocate_tensors()
    interpreter.reset_all_variables()
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], [1, 13, 15])
    assert interpreter.experimental_compress_quantization_zero_points is False


def test_wrong_use_is_the_same_kind_of_error(make: Make) -> None:
    for neither in (lambda: make(), lambda: make(MODEL, model_path="model.tflite")):
        with pytest.raises(ValueError, match=r"model_path"):
            neither()
    interpreter = make(ZOO["micro-dense"]("int8"))
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    with pytest.raises(RuntimeError):
        interpreter.invoke()
    with pytest.raises(ValueError, match="allocate"):
        interpreter.get_tensor(result)
    interpreter.allocate_tensors()
    for wrong in (np.zeros((1, 1), np.float32), np.zeros((1, 2), np.int8), np.zeros(1, np.int8)):
        with pytest.raises(ValueError, match=r"got|Got"):
            interpreter.set_tensor(source, wrong)
    for index in (-1, 1000):
        with pytest.raises(ValueError, match="index"):
            interpreter.get_tensor(index)
    with pytest.raises(ValueError, match="index"):
        interpreter.set_tensor(1000, np.zeros((1, 1), np.int8))
    runner = interpreter.get_signature_runner()
    for wrong in ({}, {"other": np.zeros((1, 1), np.int8)}):
        with pytest.raises(ValueError, match=r"input|Input"):
            runner(**wrong)
    with pytest.raises(ValueError, match="signature_key"):
        interpreter.get_signature_runner("other")
    with pytest.raises(ValueError, match="signature_key"):
        make(MODEL).get_signature_runner()
    with pytest.raises(ValueError, match="subgraph"):
        interpreter.get_tensor_details(1)


# What only ours does


def test_the_shipped_program_on_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(MODEL)
    interpreter = Interpreter(model_path=str(path), device="golden", geometry="8x8")
    interpreter.allocate_tensors()
    given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    data = values(given, 3)
    interpreter.set_tensor(given["index"], data)
    interpreter.invoke()
    program = compile_model(MODEL, Geometry.parse("8x8"))
    np.testing.assert_array_equal(interpreter.get_tensor(wanted["index"]), golden(program, data))
    interpreter.close()


def test_a_model_that_changes_after_it_was_given_is_not_seen(tmp_path: Path) -> None:
    path, content = tmp_path / "model.tflite", bytearray(MODEL)
    path.write_bytes(MODEL)
    made = [
        Interpreter(model_path=path, device="golden", geometry="8x8"),
        Interpreter(model_content=cast(bytes, content), device="golden", geometry="8x8"),
    ]
    content[:] = bytes(len(content))
    path.write_bytes(ZOO["micro-dense"]("float32"))
    for interpreter in made:
        interpreter.allocate_tensors()
        path.unlink(missing_ok=True)
        given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        data = values(given, 3)
        expected = golden(compile_model(MODEL, Geometry.parse("8x8")), data)
        interpreter.set_tensor(given["index"], data)
        for _ in range(2):
            interpreter.invoke()
            np.testing.assert_array_equal(interpreter.get_tensor(wanted["index"]), expected)
            # A view of weights is one of a copy.
            for each in interpreter.get_tensor_details():
                if each["name"] in ("weights", "bias"):
                    interpreter.tensor(each["index"])()[...] = 0


def test_device_and_oracle_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(otus.DEVICE, "golden")
    interpreter = Interpreter(model_content=MODEL)
    interpreter.allocate_tensors()
    assert interpreter.plan.oracle == "tflm"
    monkeypatch.setenv(otus.ORACLE, "litert")
    assert Interpreter(model_content=MODEL).plan.oracle == "litert"
    monkeypatch.setenv(otus.ORACLE, "fast")
    with pytest.raises(ModelError, match="oracle: got 'fast', allowed is one of tflm, litert"):
        Interpreter(model_content=MODEL)


def test_the_edge_tpu_s_delegate_is_replaced() -> None:
    delegate = otus.load_delegate("libedgetpu.so.1", {"device": "usb"})
    Interpreter(model_content=MODEL, experimental_delegates=[delegate], device="golden")
    with pytest.raises(ValueError, match=r"load_delegate: got 'libgpu.so', allowed is the Edge"):
        otus.load_delegate("libgpu.so")
    other: Any = "edgetpu"
    with pytest.raises(ValueError, match="experimental_delegates: got 'edgetpu', allowed is what"):
        Interpreter(model_content=MODEL, experimental_delegates=[other], device="golden")


def test_what_stays_on_the_accelerator_is_said() -> None:
    interpreter = Interpreter(model_content=MODEL, device="golden")
    interpreter.allocate_tensors()
    interpreter.invoke()
    (conv,) = [d for d in interpreter.get_tensor_details() if d["name"] == "pool"]
    with pytest.raises(ValueError, match=r"'pool' is not computed yet, or stays on the acceler"):
        interpreter.get_tensor(conv["index"])


def test_no_result_of_an_earlier_run_survives_a_failed_one() -> None:
    interpreter = Interpreter(model_content=ZOO["micro-dense"]("float32"), device="golden")
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    interpreter.set_tensor(source, np.ones((1, 1), np.float32))
    interpreter.invoke()
    interpreter.get_tensor(result)
    interpreter.set_tensor(source, np.full((1, 1), np.nan, np.float32))
    with pytest.raises(ValueError, match="not finite"):
        interpreter.invoke()
    with pytest.raises(ValueError, match="is not computed yet"):
        interpreter.get_tensor(result)


def test_texts() -> None:
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
    with pytest.raises(ValueError, match="got int32, expected int8; convert it"):
        interpreter.set_tensor(0, np.zeros((1, 13, 15), np.int32))
    with pytest.raises(ValueError, match=r"got shape \[13, 15\], expected \[1, 13, 15\]"):
        interpreter.set_tensor(0, np.zeros((13, 15), np.int8))
    with pytest.raises(ValueError, match=r"set_tensor: got index 1, allowed is 0 \(the inputs\)"):
        interpreter.set_tensor(1, np.zeros((1, 13, 15), np.int8))
    with pytest.raises(ValueError, match="got tensor index 70, the model has tensors 0 to"):
        interpreter.get_tensor(70)
    with pytest.raises(ValueError, match=r"compiled for \[1, 13, 15\], got \[4, 13, 15\]; invoke"):
        interpreter.resize_tensor_input(0, [4, 13, 15])
    with pytest.raises(ValueError, match="resize_tensor_input: got index 3, allowed is 0"):
        interpreter.resize_tensor_input(3, [4, 13, 15])
    with pytest.raises(ValueError, match="subgraph_index: got 1, the model has 1 subgraph: 0"):
        interpreter.get_tensor(0, 1)
