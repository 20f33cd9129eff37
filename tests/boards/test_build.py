"""The steps of a build: caching, resuming, and every way to fail, with stand-ins for the tools.

Real bitstreams are built by `make test-boards`.
"""

import gc
import hashlib
import json
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from amaranth.build import ResourceError

from otus import programs
from otus.boards import BoardError, build, find, flash, measured
from otus.boards.build import TimingError, elaborate
from otus.boards.cells import CellsError
from otus.boards.seeds import place_all
from otus.boards.sources import fingerprint
from otus.boards.timing import FitError, read_report
from otus.boards.tools import OverrunError, Tool

BOARD = find("hx8k-b-evn")
STAND_IN = Path(__file__).with_name("stand_in.py")


class Bench(NamedTuple):
    """Where a test's programs look and write."""

    folder: Path

    def plan(self, **seeds: float | str) -> None:
        """Say what nextpnr does with seeds `s1`, `s2`, ...: MHz, `large`, `crash` or `slow`.

        `yosys="crash"` lets synthesis fail.
        """
        values = {name.removeprefix("s"): wanted for name, wanted in seeds.items()}
        (self.folder / "plan").write_text(json.dumps(values))

    def calls(self) -> list[str]:
        """Return the programs called since the last time."""
        path = self.folder / "calls"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def build(self, seeds: Iterable[int] = (1,), **options: Any) -> dict[str, Any]:
        return build.build(BOARD, seeds=list(seeds), output=self.folder / "build", **options)

    @property
    def bitstream(self) -> Path:
        return self.folder / "build" / "hx8k-b-evn" / "hx8k" / "otus.bin"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("OTUS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    use(monkeypatch, "amaranth")
    # Elaboration has its own test, and takes seconds.
    plan = elaborate_once()
    monkeypatch.setattr(build, "elaborate", lambda *_: plan)
    return Bench(tmp_path)


def use(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Let the programs be of a package: its version is part of what is cached."""

    def tools(names: Iterable[str], _source: str) -> dict[str, Tool]:
        return {name: Tool(name, (sys.executable, str(STAND_IN), name), package) for name in names}

    monkeypatch.setattr(build, "find_tools", tools)


_PLANS: list[build.Plan] = []


def elaborate_once() -> build.Plan:
    if not _PLANS:
        _PLANS.append(elaborate(BOARD, BOARD.setup()))
    return _PLANS[0]


def test_elaboration_is_repeatable_and_told_in_the_identity() -> None:
    plan = elaborate_once()
    assert plan == elaborate(BOARD, BOARD.setup())
    other = elaborate(BOARD, replace(BOARD.setup(), clock_hz=24_000_000))
    assert other.build != plan.build
    assert [command[0] for command in plan.commands] == list(BOARD.family.programs)
    assert "set_io uart_0__rx__io B10" in plan.files["top.pcf"]
    assert "/" not in "".join(
        line for line in plan.files["top.il"].splitlines() if "src" in line
    ), "sources are of this machine"


def test_a_failed_elaboration_leaves_no_warnings() -> None:
    with pytest.raises(ResourceError, match="Resource nothing#0 does not exist"):
        elaborate(replace(BOARD, led=("nothing", 0)), BOARD.setup())
    # Amaranth warns where what it made is deleted.
    gc.collect()


def test_the_fastest_seed_becomes_the_bitstream(bench: Bench) -> None:
    bench.plan(s1=40.5, s2=44.25, s3=30)
    told: list[str] = []
    report = bench.build((1, 2, 3), tell=told.append)
    assert bench.calls() == [
        "yosys",
        "nextpnr-ice40 1",
        "nextpnr-ice40 2",
        "nextpnr-ice40 3",
        "icepack",
    ]
    assert bench.bitstream.read_bytes() == b"bits of configuration of seed 2"
    assert report["bitstream"] == {
        "path": str(bench.bitstream),
        "bytes": len(bench.bitstream.read_bytes()),
        "sha256": hashlib.sha256(bench.bitstream.read_bytes()).hexdigest(),
    }
    assert report["fmax_mhz"] == {"median": 40.5, "best": 44.25, "worst": 30}
    assert [seed["met"] for seed in report["seeds"]] == [True, True, False]
    assert report["resources"]["LUT and FF"] == {"used": 6145, "available": 7680}
    assert report["critical_path"][0]["name"].startswith("core.requantise_0.")
    assert report["clock_mhz"] == 36
    assert report["baud"] == 3_000_000
    assert int(report["build"], 16) == elaborate_once().build
    assert report["tools"].keys() == {"yosys", "nextpnr-ice40", "icepack"}
    assert 0 < report["synthesis_seconds"] < report["seconds"]
    assert json.loads((bench.bitstream.parent / "report.json").read_text()) == report
    assert any("seed 3" in text for text in told)


def test_another_clock_is_another_build_beside_the_usual_one(bench: Bench) -> None:
    bench.plan(s1=30)
    with pytest.raises(TimingError):
        bench.build()
    report = bench.build(clock_hz=18_000_000)
    slow = bench.folder / "build" / "hx8k-b-evn" / "hx8k@18MHz"
    assert report["clock_mhz"] == 18
    assert report["sources"] == fingerprint(BOARD, BOARD.setup(clock_hz=18_000_000))
    assert report["bitstream"]["path"] == str(slow / "otus.bin")
    assert json.loads((slow / "report.json").read_text()) == report
    assert not bench.bitstream.exists()
    assert flash.find_artefact(BOARD, None, bench.folder / "build", 18_000_000).report == report


def test_what_is_done_is_not_done_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.plan(s1=40, s2=41)
    first = bench.build()
    assert bench.calls() == ["yosys", "nextpnr-ice40 1", "icepack"]
    again = bench.build()
    assert bench.calls() == []
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    bench.build((1, 2))
    assert bench.calls() == ["nextpnr-ice40 2", "icepack"]
    # Other tools are another build.
    use(monkeypatch, "numpy")
    bench.build()
    assert bench.calls() == ["yosys", "nextpnr-ice40 1", "icepack"]


def test_a_netlist_that_is_kept_is_checked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.plan(s1=40)
    (count,) = bench.build()["cells"].values()
    assert count["instanced"] == count["netlist"] > 0
    bench.calls()

    def stricter(*_: object) -> None:
        raise CellsError("a block RAM is not as it was instanced")

    monkeypatch.setattr(build, "check_cells", stricter)
    with pytest.raises(CellsError, match="not as it was instanced"):
        bench.build()
    assert bench.calls() == []
    assert not bench.bitstream.exists()


def test_a_failed_build_resumes_and_leaves_no_bitstream(bench: Bench) -> None:
    bench.plan(s1=40, s2="crash")
    bench.build()
    bench.calls()
    with pytest.raises(
        BoardError, match=r"nextpnr-ice40 failed with exit code 1:\n.*\n.*route arc"
    ):
        bench.build((1, 2))
    assert not bench.bitstream.exists()
    assert not (bench.bitstream.parent / "report.json").exists()
    assert bench.calls() == ["nextpnr-ice40 2"]
    bench.plan(s1=40, s2=50)
    bench.build((1, 2))
    assert bench.calls() == ["nextpnr-ice40 2", "icepack"]
    assert bench.bitstream.read_bytes().endswith(b"seed 2")


def test_a_failed_synthesis_says_what_is_in_its_log(bench: Bench) -> None:
    bench.plan(yosys="crash")
    with pytest.raises(BoardError) as caught:
        bench.build()
    first, *lines = str(caught.value).splitlines()
    assert first == "yosys failed with exit code 1:"
    assert lines[0] == "-- Running command `script top.ys' --"
    assert lines[-2:] == ["29. Executing pass.", "ERROR: Module `\\X' is not part of the design."]
    assert not any((bench.folder / "cache" / "synthesis").glob("*/"))
    bench.plan(s1=40)
    bench.calls()
    bench.build()
    assert bench.calls() == ["yosys", "nextpnr-ice40 1", "icepack"]


def test_an_interrupted_build_leaves_nothing_that_passes_for_whole(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.plan(s1=40)
    real = build.check_fit

    def interrupt(_log: str, _family: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "check_fit", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bench.build()
    assert bench.calls() == ["yosys", "nextpnr-ice40 1"]
    monkeypatch.setattr(build, "check_fit", real)
    bench.build()
    assert bench.calls() == ["nextpnr-ice40 1", "icepack"]


def test_missed_timing_is_an_error_and_never_a_bitstream(bench: Bench) -> None:
    bench.plan(s1=40)
    bench.build()
    bench.plan(s2=35.5, s3=30)
    with pytest.raises(
        TimingError, match=r"timing is not met: 35\.5 MHz at best of 36 MHz asked, over 2 seeds; no"
    ) as caught:
        bench.build((2, 3))
    assert not bench.bitstream.exists()
    report = json.loads((bench.bitstream.parent / "report.json").read_text())
    assert report == caught.value.report
    assert report["bitstream"] is None
    configurations = (bench.folder / "cache" / "place").rglob("top.asc")
    assert [path.read_text() for path in configurations] == ["configuration of seed 1"]
    # The verdict is kept: nothing runs again, and it fails again.
    bench.calls()
    with pytest.raises(TimingError):
        bench.build((2, 3))
    assert bench.calls() == []


def test_what_does_not_fit_names_what_would(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bench.plan(s1="large", s2="large")
    monkeypatch.setattr(measured, "FILE", tmp_path / "measured.json")
    measured.FILE.write_text("[]")
    short = "LUT and FF: needs 9925, has 5280; block RAM: needs 277, has 30"
    with pytest.raises(FitError) as caught:
        bench.build((1, 2))
    assert str(caught.value) == (
        f"hx8k-b-evn: hx8k does not fit ({short}); choose a smaller geometry than 2x2: "
        "--geometry ROWSxCOLUMNS"
    )
    assert bench.calls() == ["yosys", "nextpnr-ice40 1"], "the second seed is not tried"
    with pytest.raises(FitError, match=r"4x4 does not fit .*; the board's own geometry is hx8k"):
        bench.build(geometry="4x4")
    rows = [
        {
            "board": "b",
            "family": family,
            "geometry": name,
            "array": name,
            "macs_per_cycle": macs,
            "resources": {"LUT and FF": {"used": used}, "block RAM": {"used": 30}},
        }
        for family, name, macs, used in (
            ("ice40", "small", 4, 3000),
            ("ice40", "good", 8, 5280),
            ("ice40", "large", 16, 5281),
            ("ecp5", "other", 256, 10),
        )
    ]
    measured.FILE.write_text(json.dumps([*rows, {"board": "c", "error": "failed"}]))
    with pytest.raises(
        FitError, match=r"the largest named geometry that fits is good \(good, 8 MACs a cycle\)"
    ):
        bench.build()


def test_seeds_end_where_one_does_not_fit(bench: Bench) -> None:
    bench.plan(s1="slow", s2="large")
    begin = time.monotonic()
    with pytest.raises(BoardError, match="does not fit"):
        bench.build((1, 2), jobs=2)
    assert time.monotonic() - begin < 60


def test_a_seed_that_was_about_to_start_its_program_ends_too(tmp_path: Path) -> None:
    def place(seed: int) -> None:
        if seed == 1:
            raise BoardError("seed 1 failed")
        time.sleep(1)
        programs.run([sys.executable, "-c", "import time; time.sleep(1000)"], tmp_path, 1000)

    begin = time.monotonic()
    with pytest.raises(BoardError, match="seed 1 failed"):
        place_all(place, (1, 2, 3), 2, print)
    assert time.monotonic() - begin < 60


def test_a_seed_that_does_not_come_to_an_end_does_not_lose_the_others(bench: Bench) -> None:
    bench.plan(s1=40, s2="slow", s3=44)
    # What is done is not done again: of the second build only seed 2 runs, and no limit is short.
    bench.build((1, 3))
    told: list[str] = []
    report = bench.build((1, 2, 3), limit=0.6, tell=told.append)
    assert [(s["seed"], s["fmax_mhz"], s["met"]) for s in report["seeds"]] == [
        (1, 40, True),
        (2, None, False),
        (3, 44, True),
    ]
    assert report["seeds"][1]["seconds"] == 0.6
    assert report["fmax_mhz"] == {"median": 42, "best": 44, "worst": 40}
    assert bench.bitstream.read_bytes().endswith(b"seed 3")
    assert json.loads((bench.bitstream.parent / "report.json").read_text()) == report
    assert told[-1].startswith("nextpnr-ice40 with seed 2 did not come to an end within 0.01 min")
    assert len([p for p in (bench.folder / "cache" / "place").iterdir() if p.is_dir()]) == 2
    # It may come to an end the next time.
    bench.calls()
    bench.plan(s2=50)
    assert bench.build((1, 2, 3))["fmax_mhz"] == {"median": 44, "best": 50, "worst": 40}
    assert bench.calls() == ["nextpnr-ice40 2", "icepack"]


def test_missed_timing_tells_of_seeds_that_did_not_come_to_an_end(bench: Bench) -> None:
    bench.plan(s1=30, s2="slow")
    with pytest.raises(TimingError):
        bench.build()
    with pytest.raises(TimingError) as caught:
        bench.build((1, 2), limit=0.6)
    assert str(caught.value) == (
        "hx8k-b-evn: timing is not met: 30.0 MHz at best of 36 MHz asked, over 2 seeds, 1 of which "
        "did not come to an end; no bitstream was made. Try more seeds (--seeds), a smaller "
        "geometry (--geometry), more time (--limit), or a lower clock (--clock)"
    )
    assert not bench.bitstream.exists()


def test_where_no_seed_comes_to_an_end_the_build_fails(bench: Bench) -> None:
    bench.plan(s1=40, s2="slow", s3="slow")
    bench.build()
    with pytest.raises(OverrunError) as caught:
        bench.build((2, 3), jobs=2, limit=0.6)
    assert str(caught.value) == (
        "nextpnr-ice40 with seeds 2, 3 did not come to an end within 0.01 minutes, and was ended; "
        "try more seeds (--seeds), a smaller geometry (--geometry), or more time (--limit)"
    )
    assert list(bench.bitstream.parent.iterdir()) == []


@pytest.mark.parametrize(("program", "kept"), [("yosys", "synthesis"), ("icepack", "bitstream")])
def test_synthesis_and_packing_have_the_same_limit(bench: Bench, program: str, kept: str) -> None:
    bench.plan(s1=40)
    bench.build()
    shutil.rmtree(bench.folder / "cache" / kept)
    # No Python starts within it.
    with pytest.raises(OverrunError, match=rf"^{program} did not come to an end within 1e-05 min"):
        bench.build(limit=0.0006)
    assert not bench.bitstream.exists()
    assert not any(path.is_dir() for path in (bench.folder / "cache" / kept).iterdir())


def test_a_lost_clock_constraint_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.plan(s1=40)
    monkeypatch.setattr(build, "read_report", lambda *given: read_report(*given[:2], 12_000_000))
    with pytest.raises(BoardError, match="not against 12 MHz: the clock's constraint is lost"):
        bench.build()


def test_a_full_disk_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.plan(s1=40)
    free = shutil.disk_usage(bench.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free._replace(free=5 << 20))
    with pytest.raises(
        BoardError, match=r"No space left on device: .* has 5 MiB left, 64 are needed; free some"
    ):
        bench.build()
    assert bench.calls() == []
    assert not bench.bitstream.exists()


def test_baud_rates_are_checked_before_anything_runs(bench: Bench) -> None:
    with pytest.raises(BoardError, match="7000000 baud cannot be made from 36 MHz"):
        build.build(replace(BOARD, baud=7_000_000), output=bench.folder)
