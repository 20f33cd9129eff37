"""Real bitstreams of a tiny design, on a board of each family; run by `make test-boards`."""

from pathlib import Path

import pytest
from amaranth.build import Platform
from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, Signal
from amaranth.lib import io

from otus.boards import Board, Setup, build, find, plan
from otus.boards.build import TimingError

pytestmark = pytest.mark.boards


class Tiny(Elaboratable):
    """The board's PLL, a counter in its clock, and the pin of the link that it drives."""

    def __init__(self, board: Board, setup: Setup, number: int) -> None:
        self.board = board
        self.setup = setup
        self.number = number

    def elaborate(self, platform: Platform) -> Module:
        m = Module()
        m.submodules.pll = pll = self.board.pll(
            platform.request(platform.default_clk, dir="-"),
            round(platform.default_clk_frequency),
            self.setup.clock_hz,
        )
        m.domains.core = ClockDomain(local=True, reset_less=True)
        parts = {part.name: "-" for part in platform.lookup("uart", 0).ios if hasattr(part, "name")}
        m.submodules.tx = tx = io.Buffer("o", platform.request("uart", 0, dir=parts).tx)
        count = Signal(24, init=self.number & 0xFFFFFF)
        m.d.comb += [ClockSignal("core").eq(pll.clock), tx.o.eq(count[-1] & pll.locked)]
        m.d.core += count.eq(count + 1)
        return m


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plan, "Design", Tiny)
    monkeypatch.setenv("OTUS_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    "name",
    ["icebreaker", "hx8k-b-evn", "ulx3s-25f", "ecpix5-85f", "orangecrab-85f", "tang-nano-9k"],
)
def test_a_board_gets_its_bitstream(name: str, tmp_path: Path) -> None:
    board = find(name)
    report = build.build(board, seeds=(1, 2), jobs=2, output=tmp_path)
    clock = board.setup().clock_hz / 1e6
    assert report["fmax_mhz"]["worst"] >= clock
    assert [seed["met"] for seed in report["seeds"]] == [True, True]
    assert any(0 < use["used"] < use["available"] for use in report["resources"].values())
    assert {hop["name"] for hop in report["critical_path"]} & {"count"}
    bitstream = report["bitstream"]
    assert Path(bitstream["path"]).stat().st_size == bitstream["bytes"] > 10_000


def test_a_clock_that_is_too_fast_is_missed_and_leaves_nothing(tmp_path: Path) -> None:
    board = find("hx8k-b-evn")
    fast = Setup("hx8k", 270_000_000, board.setup().part)
    board = Board(**{**vars(board), "setups": (fast,)})
    with pytest.raises(TimingError, match="MHz at best of 270 MHz asked, over 1 seeds"):
        build.build(board, output=tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.suffix in {".bin", ".asc"}] == []
