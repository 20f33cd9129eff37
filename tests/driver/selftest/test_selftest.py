"""The self-test as a whole: good devices pass, each fault is found and named, nothing hangs."""

import inspect
import random
import re
import time
from typing import Any

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from broken import Alias, Stuck, broken_link
from faults import FaultyLink, Rates

from otus.arch.geometry import NAMED, Geometry
from otus.arch.memory import Space, depth, word_bytes
from otus.commands.selftest import known_answers
from otus.driver.link import Link
from otus.driver.selftest import STEPS, Report, Step, selftest
from otus.hw import column, dot_product
from otus.hw.delay import delayed
from otus.hw.multiplier import Multiplier
from otus.hw.top import Top
from otus.hw.weight_buffer import WeightBuffer
from otus.sim import board, cxxrtl
from otus.sim.board import SimLink, sources_key
from otus.sim.golden_link import GoldenLink

SMALL = Geometry.parse("2x4,weight_words=64,activation_words=128,program_words=64,link_bytes=512")


def run(link: Link, **options: Any) -> Report:
    """Test a device in little time."""
    settings = {"soak_seconds": 0.0, "timeout": 1.0, "retry": 0.5} | options
    return selftest(link, known_answers(), **settings)


def failed(report: Report) -> Step:
    """Return the step that failed: those before passed, those after were not run."""
    assert not report.ok
    number = [step.ok for step in report.steps].index(False)
    assert [step.ok for step in report.steps[:number]] == [True] * number
    assert [step.ok for step in report.steps[number + 1 :]] == [None] * (len(STEPS) - number - 1)
    step = report.steps[number]
    assert step.failure
    assert step.cause
    return step


@pytest.mark.parametrize("name", NAMED)
def test_every_named_geometry_passes(name: str) -> None:
    report = run(GoldenLink(NAMED[name]))
    assert report.ok, report
    assert report.as_dict()["identity"]["geometry"]["rows"] == NAMED[name].rows
    figures = {step.name: step.figures for step in report.steps}
    assert figures["weight"]["words"] == NAMED[name].weight_words
    assert "equal" in figures["answers"]["small"]


@pytest.mark.parametrize("text", ["1x1", "3x5", "5x3", "8x64", "32x2", "2x2x2,requantise_bits=4"])
def test_odd_geometries_pass(text: str) -> None:
    report = run(GoldenLink(Geometry.parse(text)))
    assert report.ok, report


@pytest.mark.parametrize("text", ["hx8k", "up5k", "8x8"])
def test_simulated_board_passes(text: str) -> None:
    link = SimLink(Geometry.parse(text), "cxxrtl")
    report = run(link, timeout=30.0, retry=20.0)
    link.close()
    assert report.ok, report
    assert "cycles each as predicted" in report.steps[-1].figures["small"]


STEP_OF = {
    Space.ACTIVATION: "activation",
    Space.WEIGHT: "weight",
    Space.PARAMETER: "parameter",
    Space.PROGRAM: "program",
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("space", Space)
def test_any_stuck_bit_is_found(space: Space, seed: int) -> None:
    """The bits of reserved fields aside, which mean nothing."""
    rng = random.Random(f"{space} {seed}")
    word = rng.randrange(depth(space, SMALL))
    byte, bit = rng.randrange(word_bytes(space, SMALL)), rng.randrange(8)
    if space is Space.PROGRAM:
        # These are word 6 of some layer, of which every bit is read.
        word = rng.randrange(6, depth(space, SMALL) - 3)
    report = run(broken_link(SMALL, Stuck(space, word, byte, bit, seed % 2)))
    step = failed(report)
    assert step.name == STEP_OF[space]
    if space in (Space.ACTIVATION, Space.WEIGHT):
        assert f"the first is word {word}, " in step.failure
        assert f"(bit {bit})" in step.failure
        assert "1 of " in step.failure
        assert "the same words fail again" in step.cause
    if space is Space.PROGRAM and "share program word" in step.cause:
        shared = re.search(r"share program word ([\d, ]+):", step.cause)
        assert shared
        assert str(word) in shared[1].split(", ")
    if space is Space.PARAMETER:
        lanes = SMALL.requantise_lanes
        assert f"word {word}, lane {byte // 9}" in step.failure, lanes
        assert f"is always {seed % 2}" in step.cause


@pytest.mark.parametrize("space", [Space.ACTIVATION, Space.WEIGHT])
@pytest.mark.parametrize("bit", [0, 3, 5])
def test_ignored_address_bit_is_named(space: Space, bit: int) -> None:
    step = failed(run(broken_link(SMALL, Alias(space, bit))))
    assert step.name == STEP_OF[space]
    assert f"address bit {bit} does not reach the memory" in step.cause


def test_ignored_address_bit_of_parameters() -> None:
    assert failed(run(broken_link(SMALL, Alias(Space.PARAMETER, 5)))).name == "parameter"


def test_same_bit_everywhere_is_the_data_path() -> None:
    faults = [Stuck(Space.WEIGHT, word, 3, 6, 1) for word in range(SMALL.weight_words)]
    step = failed(run(broken_link(SMALL, *faults)))
    assert "column 1, row 1" in step.failure
    assert "the data path of that bit" in step.cause


class StuckWeights(WeightBuffer):
    """In every column bit 1 of row 1 is lost in word 5."""

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = WeightBuffer(self.geometry)
        wiring.connect(m, wiring.flipped(self), inner)
        lost = (self.write_address == 5) << 9
        m.d.comb += inner.write_data.eq(self.write_data & ~lost)
        return m


class BadMultiplier(Multiplier):
    """Multiplier 3 (row 1, column 1) squares -128 wrongly."""

    def elaborate(self, _platform: object) -> Module:
        m = Module()
        m.submodules.inner = inner = Multiplier(self.left.shape(), self.right.shape())
        corner = (self.left == -128) & (self.right == -128) & (self.number == 3)
        m.d.comb += [
            inner.left.eq(self.left),
            inner.right.eq(self.right),
            self.product.eq(inner.product - delayed(m, corner, inner.latency, "corner")),
        ]
        return m


GATEWARE = {
    "weight": (
        (column, "WeightBuffer", StuckWeights),
        r"weight memory: 1 of 2048 words differ; the first is word 5, column 0, row 1: .*bit 1",
        "the same words fail again",
    ),
    "multipliers": (
        (dot_product, "Multiplier", BadMultiplier),
        "multiplier: row 1, column 1: -128 x -128 is not 16384; wrong columns in this row: 1",
        "DSP block",
    ),
}


@pytest.mark.parametrize("step", GATEWARE)
def test_fault_in_the_gateware_is_named(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = NAMED["hx8k"]
    (module, name, broken), failure, cause = GATEWARE[step]
    monkeypatch.setattr(module, name, broken)
    library = cxxrtl.compile_design(
        lambda: Top(geometry, 1), f"{sources_key()} {inspect.getsource(broken)}"
    )
    monkeypatch.setattr(board, "compile_board", lambda *_: library)
    link = SimLink(geometry, "cxxrtl")
    found = failed(run(link, timeout=30.0, retry=20.0))
    link.close()
    assert found.name == step
    assert re.match(failure, found.failure)
    assert cause in found.cause


class Silent:
    """A port behind which nobody answers, or something else talks."""

    def __init__(self, says: bytes = b"") -> None:
        self.says = says

    def write(self, _data: bytes) -> None: ...

    def read(self, _limit: int, timeout: float) -> bytes:
        time.sleep(min(timeout, 0.05))
        return self.says

    def close(self) -> None: ...


def test_silence_is_explained() -> None:
    begin = time.monotonic()
    step = failed(run(Silent(), timeout=0.3, retry=0.1))
    assert time.monotonic() - begin < 5
    assert step.name == "identity"
    assert "no otus device answers" in step.failure
    for cause in ("another serial port", "otus flash", "rx and tx are swapped", "reset button"):
        assert cause in step.cause


def test_another_baud_rate_is_explained() -> None:
    step = failed(run(Silent(b"\x80\x00\xf8"), timeout=0.3, retry=0.1))
    assert step.name == "identity"
    assert "baud rate is not the one" in step.cause


def test_another_contract_is_explained() -> None:
    link = GoldenLink(SMALL)
    link.endpoint.identity = link.endpoint.identity._replace(contract=77)
    step = failed(run(link))
    assert "contract version 77" in step.failure
    assert "otus build BOARD" in step.cause


def test_another_geometry_is_refused() -> None:
    step = failed(run(GoldenLink(SMALL), geometry=NAMED["up5k"]))
    assert step.name == "identity"
    assert "the device is 2x4, asked for 4x2x2" in step.failure


@pytest.mark.parametrize(
    ("sending", "receiving", "cause"),
    [
        (Rates(), Rates(flip=0.02), "from the board to the host"),
        (Rates(flip=0.02), Rates(), "from the host to the board"),
    ],
)
def test_bad_link_is_told_by_its_direction(sending: Rates, receiving: Rates, cause: str) -> None:
    link = FaultyLink(GoldenLink(SMALL), 5, sending, receiving)
    step = failed(run(link, timeout=5.0, retry=0.02, soak_seconds=0.2))
    assert step.name == "link"
    assert "were sent again" in step.failure
    assert cause in step.cause


@pytest.mark.parametrize("requests", [60, 400, 700])
def test_device_that_falls_silent_ends_the_test(requests: int) -> None:
    class Dies(GoldenLink):
        count = 0

        def write(self, data: bytes) -> None:
            self.count += 1
            if self.count < requests:
                super().write(data)

    begin = time.monotonic()
    step = failed(run(Dies(SMALL), timeout=0.3, retry=0.1))
    assert time.monotonic() - begin < 20
    assert step.name != "identity"
    assert "silent now" in step.cause


def test_device_that_restarts_is_explained() -> None:
    class Restarts(GoldenLink):
        count = 0

        def write(self, data: bytes) -> None:
            self.count += 1
            if self.count == 300:
                self.endpoint = GoldenLink(SMALL).endpoint
            super().write(data)

    step = failed(run(Restarts(SMALL)))
    assert "has restarted" in step.failure
    assert "keep it quiet" in step.cause


def test_progress_is_told_in_order() -> None:
    told: list[tuple[str, int, int]] = []
    run(GoldenLink(NAMED["hx8k"]), progress=lambda *each: told.append(each))
    names = list(dict.fromkeys(name for name, _, _ in told))
    assert names == [name for name in STEPS if name != "identity"]
    assert all(0 <= done <= total for _, done, total in told)
    last = {name: (done, total) for name, done, total in told}
    assert all(done == total for name, (done, total) in last.items() if name != "link")
