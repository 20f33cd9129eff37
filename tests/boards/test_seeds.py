"""Several seeds: what one loses, the others keep; and how all of them end."""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from building import Bench

from otus import programs
from otus.boards import BoardError
from otus.boards.build import TimingError, UnplacedError
from otus.boards.seeds import place_all
from otus.boards.tools import OverrunError, Tool


def test_seeds_end_where_one_does_not_fit(bench: Bench) -> None:
    bench.plan(s1="slow", s2="large")
    begin = time.monotonic()
    with pytest.raises(BoardError, match="does not fit"):
        bench.build((1, 2), jobs=2)
    assert time.monotonic() - begin < 60


def test_seeds_that_were_ended_have_not_failed(bench: Bench) -> None:
    bench.plan(s1="slow", s2="large")
    told: list[str] = []
    with pytest.raises(BoardError, match="does not fit"):
        bench.build((1, 2), jobs=2, tell=told.append)
    assert len(told) == 4, told
    assert not any("failed" in text for text in told)


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
    assert report["seeds"][1]["failure"] == "did not come to an end within 0.01 minutes"
    assert told[-1] == "seed 2 did not come to an end within 0.01 minutes"
    assert len([p for p in (bench.folder / "cache" / "place").iterdir() if p.is_dir()]) == 2
    # It may come to an end the next time.
    bench.calls()
    bench.plan(s2=50)
    assert bench.build((1, 2, 3))["fmax_mhz"] == {"median": 44, "best": 50, "worst": 40}
    assert bench.calls() == ["nextpnr-ice40 2", "icepack"]


def late(monkeypatch: pytest.MonkeyPatch, log: str, *routers: str) -> None:
    """Let place and route be late with some routers, without waiting for them."""
    run = Tool.run

    def patient(
        tool: Tool, arguments: Sequence[str], folder: Path, limit: float
    ) -> tuple[int, str, float]:
        router = arguments[-1] if "--router" in arguments else ""
        if tool.name.startswith("nextpnr") and router in routers:
            (folder / "top.tim").write_text(log)
            raise OverrunError(tool.name, limit)
        return run(tool, arguments, folder, limit)

    monkeypatch.setattr(Tool, "run", patient)


def test_what_is_placed_but_not_routed_gets_the_second_router(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.plan(s1=40, s2=38)
    bench.build()
    bench.calls()
    late(monkeypatch, "Info: Routing..\n", "")
    told: list[str] = []
    report = bench.build((1, 2), limit=600, tell=told.append)
    assert bench.calls() == ["nextpnr-ice40 2"]
    assert "seed 2 did not come to an end within 10 minutes: once more with router2" in told
    assert report["fmax_mhz"] == {"median": 39, "best": 40, "worst": 38}
    assert report["seeds"][1].pop("seconds") > 0
    assert report["seeds"][1] == {"seed": 2, "fmax_mhz": 38, "met": True, "router": "router2"}
    assert "router" not in report["seeds"][0]
    # It is kept, and the first router not asked again.
    told.clear()
    assert bench.build((1, 2), tell=told.append)["seeds"][1]["router"] == "router2"
    assert bench.calls() == []
    assert not any("place and route" in text for text in told)


@pytest.mark.parametrize(
    ("log", "routers", "runs"),
    [("Info: Routing..", ("", "router2"), 2), ("Info: Packing..", ("",), 1)],
)
def test_what_is_not_placed_or_late_with_both_routers_has_no_result(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, log: str, routers: tuple[str, ...], runs: int
) -> None:
    bench.plan(s2=38)
    late(monkeypatch, log, *routers)
    told: list[str] = []
    with pytest.raises(UnplacedError, match="seed 2 did not come to an end within 10 minutes"):
        bench.build((2,), limit=600, tell=told.append)
    assert sum("place and route" in text for text in told) == runs


def test_missed_timing_tells_of_seeds_that_came_to_no_result(bench: Bench) -> None:
    bench.plan(s1=30, s2="slow")
    with pytest.raises(TimingError):
        bench.build()
    with pytest.raises(TimingError) as caught:
        bench.build((1, 2), limit=0.6)
    assert str(caught.value) == (
        "hx8k-b-evn: timing is not met: 30.0 MHz at best of 36 MHz asked, over 2 seeds, 1 of which "
        "came to no result; no bitstream was made. Try more seeds (--seeds), a smaller geometry "
        "(--geometry), or a lower clock (--clock)"
    )
    assert not bench.bitstream.exists()


def test_where_no_seed_comes_to_an_end_the_build_fails(bench: Bench) -> None:
    bench.plan(s1=40, s2="slow", s3="slow")
    bench.build()
    with pytest.raises(UnplacedError) as caught:
        bench.build((2, 3), jobs=2, limit=0.6)
    assert str(caught.value) == (
        "hx8k-b-evn: place and route came to no result: seed 2 did not come to an end within 0.01 "
        "minutes; seed 3 did not come to an end within 0.01 minutes. Try more seeds (--seeds), a "
        "smaller geometry (--geometry), or more time (--limit)"
    )
    assert list(bench.bitstream.parent.iterdir()) == []


def test_a_seed_that_cannot_be_routed_does_not_lose_the_others(bench: Bench) -> None:
    bench.plan(s1=40, s2="crash", s3=44)
    told: list[str] = []
    report = bench.build((1, 2, 3), tell=told.append)
    lost = report["seeds"][1]
    assert lost.pop("seconds") > 0
    assert lost == {
        "seed": 2,
        "fmax_mhz": None,
        "met": False,
        "failure": "failed with exit code 1 (Failed to route arc 0 of net 'x')",
    }
    assert [seed["fmax_mhz"] for seed in report["seeds"]] == [40, None, 44]
    assert bench.bitstream.read_bytes().endswith(b"seed 3")
    assert any(
        "seed 2 failed with exit code 1" in text and "Info: Routing" in text for text in told
    )
    # What failed is tried again.
    bench.calls()
    bench.build((1, 2, 3))
    assert bench.calls() == ["nextpnr-ice40 2"]
