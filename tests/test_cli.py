"""The command line as its users meet it: results, JSON, and every error without a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import oracles
import pytest
from click.testing import CliRunner, Result
from micro import dense_model
from zoo_models import ZOO, Form

from otus import models
from otus.arch.geometry import NAMED
from otus.cli import main
from otus.driver.compiler import compile_model

FAILED, USAGE = 1, 2
AZIMUTH = models.find("azimuth")


def otus(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(a) for a in arguments])


def refused(code: int, *arguments: object) -> str:
    """Run a command that must fail with `code`, and return its one message."""
    result = otus(*arguments)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Five random int8 inputs of the azimuth network."""
    path = tmp_path / "x.npy"
    rng = np.random.default_rng(1)
    np.save(path, rng.integers(-128, 128, (5, 13, 15), dtype=np.int8))
    return path


def test_help_names_every_command_and_explains_devices() -> None:
    shown = otus("--help").output
    for command in (
        "demo",
        "locate",
        "run",
        "compile",
        "info",
        "selftest",
        "serve",
        "bench",
        "flash",
    ):
        assert command in shown
        assert otus(command, "--help").exit_code == 0
    assert "socket://HOST:PORT" in otus("run", "--help").output


def test_run_equals_the_oracle(tmp_path: Path, inputs: Path) -> None:
    if not oracles.available("tflm"):
        pytest.skip('tflite-micro is not installed: pip install "otus[oracle]"')
    out = tmp_path / "y.npy"
    result = otus("run", AZIMUTH, "--input", inputs, "--output", out, "--device", "golden")
    assert result.exit_code == 0, result.output
    expected = oracles.run("tflm", AZIMUTH.read_bytes(), np.load(inputs))
    np.testing.assert_array_equal(np.load(out), expected)
    assert "5 frames on 8x8" in result.output


def test_run_quantises_float_as_the_model_says(tmp_path: Path) -> None:
    spec = compile_model(AZIMUTH, NAMED["default"]).input
    q = np.random.default_rng(3).integers(-128, 128, (3, 13, 15), dtype=np.int8)
    np.save(tmp_path / "q.npy", q)
    np.save(tmp_path / "f.npy", spec.dequantise(q))
    for name in "qf":
        assert (
            otus(
                "run", "azimuth", "--device", "golden",
                "--input", tmp_path / f"{name}.npy", "--output", tmp_path / f"y{name}.npy",
            ).exit_code
            == 0
        )  # fmt: skip
    np.testing.assert_array_equal(np.load(tmp_path / "yq.npy"), np.load(tmp_path / "yf.npy"))


def test_run_counts_the_predicted_cycles(tmp_path: Path, inputs: Path) -> None:
    out = tmp_path / "y.npy"
    result = otus("run", AZIMUTH, "--input", inputs, "--output", out, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["cycles"] == figures["cycles_least"] == figures["cycles_predicted"] <= 3200
    assert figures["frames"] == 5
    assert figures["geometry"] == "8x8"
    assert 0.9 < figures["utilisation"] <= 1
    assert figures["seconds"] > 0


def test_compile_prints_a_listing_and_json() -> None:
    listing = otus("compile", "azimuth").output
    for word in ("CONV_2D", "FULLY_CONNECTED", "SOFTMAX", "weight", "cycles"):
        assert word in listing
    whole = json.loads(otus("compile", "azimuth", "--json").stdout)
    (values,) = whole["programs"]
    assert whole["operators"][-1]["runs"] == "host"
    first, each = whole["link"]["first"], whole["link"]["each"]
    assert f"an inference sends {each['sent']:,} bytes" in listing
    assert f"the first one sends {first['sent']:,}" in listing
    assert first["payload"] - each["payload"] > 40_000
    assert {o["runs"] for o in whole["operators"][:-1]} == {"accelerator 0"}
    assert whole["cycles_predicted"] == values["cycles_predicted"]
    assert values["cycles_predicted"] == (
        sum(layer["cycles"] for layer in values["layers"]) + values["counters_predicted"]["tail"]
    )


@pytest.mark.parametrize("form", ["float32", "uint8"])
def test_models_of_any_form_run_and_say_where(tmp_path: Path, form: Form) -> None:
    path, source, out = tmp_path / "m.tflite", tmp_path / "x.npy", tmp_path / "y.npy"
    path.write_bytes(ZOO["keyword-spotter"](form))
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (3, 49, 10, 1)).astype(np.float32)
    given = x if form == "float32" else rng.integers(0, 256, x.shape).astype(np.uint8)
    np.save(source, given)
    arguments = ("--geometry", "16x16", "--oracle", "litert")
    result = otus("run", path, "--input", source, "--output", out, "--device", "golden", *arguments)
    assert result.exit_code == 0, result.output
    assert "4 operators on the host" in result.output
    if not oracles.available("litert"):
        pytest.skip('ai-edge-litert is not installed: pip install "otus[oracle]"')
    (expected,) = oracles.run_graph("litert", path.read_bytes(), [given[:, None]])
    np.testing.assert_array_equal(np.load(out), expected[:, 0])
    listing = otus("compile", path, *arguments).output
    assert "host           QUANTIZE (operator 0, 'quantize')" in listing
    assert "accelerator 0  DEPTHWISE_CONV_2D" in listing


def test_info_says_what_the_device_is() -> None:
    values = json.loads(otus("info", "golden", "--geometry", "4x4", "--json").stdout)
    assert (values["rows"], values["columns"], values["geometry"]) == (4, 4, "4x4")


def test_bench_compares_devices_and_runtimes() -> None:
    result = otus("bench", "--geometry", "8x8", "--frames", "3", "--json")
    assert result.exit_code == 0, result.output
    simulated, golden = json.loads(result.stdout)["devices"]
    assert simulated["cycles"] == simulated["cycles_predicted"]
    assert golden["cycles"] is golden["utilisation"] is None
    assert simulated["inferences_per_s"] > 0
    small = otus("bench", "--geometry", "8x8", "--frames", "3", "--model", "azimuth-small")
    assert "inferences/s" in small.output
    assert "azimuth-small.tflite, 3 frames" in small.output


def test_bench_streams_at_the_rate_of_the_link(tmp_path: Path) -> None:
    path = tmp_path / "dense.tflite"
    path.write_bytes(dense_model(640, 12))
    # The board that tests/sim/test_uart_top.py has compiled.
    board = ("--geometry", "2x2,weight_words=32,link_bytes=2048", "--baud", "12000000")
    result = otus("bench", "--stream", "--model", path, *board, "--weights", "5200", "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["rates"]
    assert row["slice"] == row["weights"] == 8 * 640
    assert row["bound"] == "link"
    # Half of these weights is 64 bytes a step: much of what is sent is framing.
    assert 0.6 <= row["share"] < 1
    assert row["array_cycles"] == row["array_cycles_predicted"]
    assert row["cycles_predicted"] == row["sent"] * 10 * 4
    assert row["cycles"] == pytest.approx(row["cycles_predicted"], rel=0.05)
    assert 0.8 * row["cycles"] < row["link_wait"] < row["cycles"]


def test_bench_refuses_to_stream_what_fits() -> None:
    for arguments in (("--geometry", "8x8"), ("--weights", "500")):
        result = otus("bench", "--stream", *arguments)
        assert result.exit_code == 1
        assert "are not streamed; give a --geometry with less weight_words" in result.output


def test_demo_checks_every_frame(tmp_path: Path) -> None:
    plot = tmp_path / "demo.png"
    result = otus("demo", "--plot", plot, "--json")
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    for checks in values["exact"].values():
        assert "golden model" in checks
        for found in checks.values():
            assert found["frames"] == found["equal"] == values["active_frames"]
    for figures in values["models"].values():
        assert figures["cycles"] == figures["cycles_predicted"]
    assert all(segment["error"] < 10 for segment in values["segments"])
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_outputs_may_be_links_or_no_files_at_all(tmp_path: Path, inputs: Path) -> None:
    real, link = tmp_path / "real.npy", tmp_path / "link.npy"
    link.symlink_to(real)
    for out in (link, Path("/dev/null")):
        result = otus("run", AZIMUTH, "--input", inputs, "--output", out, "--device", "golden")
        assert result.exit_code == 0, result.output
    assert link.is_symlink()
    assert np.load(real).shape == (5, 36)
    assert real.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert Path("/dev/null").is_char_device()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_missing_package_is_named_with_its_remedy(tmp_path: Path) -> None:
    blocker = "import sys; sys.modules['scipy'] = None; from otus.cli import main; main()"
    process = subprocess.run(
        [sys.executable, "-c", blocker, "locate", "r.wav"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=False,
    )
    assert process.returncode == FAILED
    assert 'pip install "otus[demo]"' in process.stderr
    assert "Traceback" not in process.stderr


def test_failed_runs_leave_the_old_output_alone(tmp_path: Path, inputs: Path) -> None:
    out = tmp_path / "y.npy"
    out.write_bytes(b"precious")
    broken = tmp_path / "broken.tflite"
    good = AZIMUTH.read_bytes()
    for damage in (b"", b"not a model", good[: len(good) // 2], good[:100]):
        broken.write_bytes(damage)
        refused(FAILED, "run", broken, "--input", inputs, "--output", out, "--device", "golden")
    assert out.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken.tflite", "x.npy", "y.npy"]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 13, 14), np.int8), "expected int8 or float32 [n, 13, 15]"),
        (np.zeros((2, 13, 15), np.int32), "expected int8 or float32 [n, 13, 15]"),
        (np.zeros((0, 13, 15), np.int8), "expected int8 or float32 [n, 13, 15]"),
        (np.full((1, 13, 15), np.nan, np.float32), "not finite"),
    ],
    ids=["shape", "type", "empty", "NaN"],
)
def test_run_refuses_inputs(tmp_path: Path, array: np.ndarray, words: str) -> None:
    path = tmp_path / "x.npy"
    np.save(path, array)
    out = tmp_path / "y.npy"
    message = refused(
        FAILED, "run", "azimuth", "--input", path, "--output", out, "--device", "golden"
    )
    assert words in message
    assert not out.exists()


def test_run_refuses_files_that_hold_no_array(tmp_path: Path) -> None:
    path, out = tmp_path / "x.npy", tmp_path / "y.npy"
    arguments = ("run", "azimuth", "--input", path, "--output", out, "--device", "golden")
    path.write_bytes(b"nothing")
    assert "numpy.save" in refused(FAILED, *arguments)
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(3))
    assert ".npz" in refused(FAILED, *arguments)
    path.unlink()
    assert "No such file" in refused(FAILED, *arguments)


def test_absent_devices_are_named() -> None:
    assert "did you mean 'sim'" in refused(FAILED, "info", "simm")
    assert "/dev/ttyOTUS9" in refused(FAILED, "info", "/dev/ttyOTUS9")
    assert "socket://127.0.0.1:1" in refused(FAILED, "info", "socket://127.0.0.1:1")


def test_geometries_that_cannot_be_are_refused() -> None:
    message = refused(FAILED, "compile", "azimuth", "--geometry", "99x8")
    assert "allowed is an integer from 1 to 32" in message
    assert "requantise_lanes" in refused(
        FAILED, "compile", "azimuth", "--geometry", "3x5,requantise_lanes=2"
    )


def test_models_that_exceed_the_memories_are_streamed() -> None:
    listing = otus("compile", "azimuth", "--geometry", "8x8,weight_words=256").output
    assert "streamed in" in listing
    assert "the model exceeds the memories of geometry 8x8" in listing


def test_usage_errors_exit_with_two() -> None:
    refused(USAGE, "run", AZIMUTH)
    refused(USAGE, "nothing")
    refused(USAGE, "compile", "azimuth", "--oracle", "none")


def test_debug_shows_the_traceback_and_the_exit_code_is_one(tmp_path: Path) -> None:
    for options, shown in (([], False), (["--debug"], True)):
        process = subprocess.run(
            [sys.executable, "-m", "otus", *options, "compile", "no.tflite"],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            check=False,
        )
        assert process.returncode == FAILED
        assert "no.tflite" in process.stderr
        assert ("Traceback" in process.stderr) is shown
