"""The steps of a build: caching, resuming, and every way to fail, with stand-ins for the tools.

Real bitstreams are built by `make test-boards`.
"""

import gc
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.build import ResourceError
from building import BOARD, Bench, elaborate_once, use

from otus.boards import BoardError, build, flash, flow, measured
from otus.boards.build import TimingError, UnplacedError
from otus.boards.cells import CellsError
from otus.boards.plan import elaborate
from otus.boards.sources import fingerprint
from otus.boards.timing import FitError, read_report
from otus.boards.tools import OverrunError


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

    monkeypatch.setattr(flow, "check_cells", stricter)
    with pytest.raises(CellsError, match="not as it was instanced"):
        bench.build()
    assert bench.calls() == []
    assert not bench.bitstream.exists()


def test_a_failed_build_resumes_and_leaves_no_bitstream(bench: Bench) -> None:
    bench.plan(s1=40, s2="crash")
    bench.build()
    bench.calls()
    with pytest.raises(UnplacedError) as caught:
        bench.build((2,))
    assert str(caught.value) == (
        "hx8k-b-evn: place and route came to no result: seed 2 failed with exit code 1 (Failed to "
        "route arc 0 of net 'x'). Try more seeds (--seeds), a smaller geometry (--geometry), or "
        "more time (--limit). The log ends:\nInfo: Routing..\nERROR: Failed to route arc 0 of net "
        "'x'"
    )
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
    real = flow.check_fit

    def interrupt(_log: str, _family: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(flow, "check_fit", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bench.build()
    assert bench.calls() == ["yosys", "nextpnr-ice40 1"]
    monkeypatch.setattr(flow, "check_fit", real)
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
    # The very geometry fits, but not with this part.
    rows[1]["geometry"] = "hx8k"
    measured.FILE.write_text(json.dumps(rows))
    with pytest.raises(FitError, match=r"; hx8k as the board 'b' has it fits: compare its Part"):
        bench.build()


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
    monkeypatch.setattr(flow, "read_report", lambda *given: read_report(*given[:2], 12_000_000))
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
