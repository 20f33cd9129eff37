"""Reports and logs of the real tools, as they were stored."""

import json
import re
from pathlib import Path

import pytest

from otus.boards.errors import BoardError
from otus.boards.family import ECP5, ICE40
from otus.boards.timing import FitError, Hop, Use, check_fit, own_name, own_names, read_report

DATA = Path(__file__).with_name("data")
REPORT = DATA / "hx8k-report.json"
LOG = (DATA / "up5k-too-large.log").read_text()


def test_a_report_is_read() -> None:
    timing = read_report(REPORT, ICE40, 36_000_000)
    assert timing.fmax_hz == pytest.approx(58.813e6, rel=1e-4)
    assert timing.use["LUT and FF"] == Use(6145, 7680)
    assert timing.use["block RAM"] == Use(18, 32)
    assert timing.use["SPRAM"] == Use(0, 0)


def test_the_critical_path_adds_up_and_names_signals_of_the_accelerator() -> None:
    path = json.loads(REPORT.read_text())["critical_paths"][0]["path"]
    hops = read_report(REPORT, ICE40, 36_000_000).critical_path
    assert 1 < len(hops) < len(path)
    assert sum(h.logic_ns + h.routing_ns for h in hops) == pytest.approx(
        sum(step["delay"] for step in path), abs=0.01 * len(hops)
    )
    assert all(isinstance(hop, Hop) and hop.name.startswith("core.requantise_0.") for hop in hops)
    assert not re.search("[A-Z]|nextpnr|accelerator", " ".join(hop.name for hop in hops))


def test_a_path_through_cells_of_the_tools_loses_no_time(tmp_path: Path) -> None:
    """As on iCE40, where a carry comes into the fabric."""
    report = json.loads(REPORT.read_text())
    (path,) = [p for p in report["critical_paths"] if p["from"] == p["to"]]
    for step in path["path"][5:8]:
        step["net"] = "$nextpnr_ICESTORM_LC_7$O"
    (tmp_path / "report.json").write_text(json.dumps(report))
    hops = read_report(tmp_path / "report.json", ICE40, 36_000_000).critical_path
    assert all(hop.name.startswith("core.") for hop in hops)
    assert sum(h.logic_ns + h.routing_ns for h in hops) == pytest.approx(
        sum(step["delay"] for step in path["path"]), abs=0.01 * len(hops)
    )


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("accelerator.top.core.array.column_5.right_TRELLIS_FF_Q_1", "core.array.column_5.right"),
        ("accelerator.top.core.requantise_0.sum[3]", "core.requantise_0.sum"),
        ("accelerator.top.core.x_SB_LUT4_O_I2[1]", "core.x"),
        ("accelerator.receiver.shift_CCU2C_S0_COUT", "receiver.shift"),
        ("accelerator.top.core.count$CCU2_COMB0", "core.count"),
        ("accelerator.top.core.weights$27[3]", "core.weights$27"),
        ("pll.pll", "pll.pll"),
        (
            "accelerator.top.endpoint.sender.encoder.fsm_state_LUT2_I1_F_MUX2_LUT5_O.S0",
            "endpoint.sender.encoder.fsm_state",
        ),
        (
            "accelerator.top.endpoint.$signal$96_SB_DFFSR_Q_D_SB_CARRY_CO$CARRY",
            "endpoint.$signal$96",
        ),
        ("accelerator.top.core.held.last$CARRY", "core.held.last"),
        ("$gbuf_accelerator.top.core.issue.ready_SB_LUT4_I1_1_O[1]_$glb_sr", "core.issue.ready"),
        ("accelerator.top.core.weights.memory.ram_0_10_RAM", "core.weights.memory.ram_0_10"),
        ("led.buf0_D_OUT_0", "led.buf0"),
        ("accelerator.top.core.$like$3[2]", "core.$like$3"),
        ("$nextpnr_ICESTORM_LC_7", ""),
        ("$nextpnr_ICESTORM_LC_57$I3", ""),
        ("$nextpnr_CCU2C_1$CIN", ""),
        ("$PACKER_VCC", ""),
    ],
)
def test_names(name: str, own: str) -> None:
    assert own_name(name) == own


def test_what_the_tools_made_is_of_the_signal_before_it() -> None:
    path = ["a_SB_CARRY_CO$CARRY", "$nextpnr_ICESTORM_LC_1$O", "$nextpnr_ICESTORM_LC_1", "b[3]"]
    assert own_names(path) == ["a", "a", "a", "b"]
    assert own_names(path[1:]) == ["b", "b", "b"]


def test_a_clock_that_was_not_asked_for_is_an_error() -> None:
    with pytest.raises(
        BoardError,
        match=r"checked against \{'accelerator.clock': 36.*\} MHz, not against 24 MHz: the clock's",
    ):
        read_report(REPORT, ICE40, 24_000_000)


def test_what_is_short_is_named_with_need_and_have() -> None:
    with pytest.raises(FitError) as caught:
        check_fit(LOG, ICE40)
    assert str(caught.value) == (
        "does not fit (LUT and FF: needs 9925, has 5280; block RAM: needs 277, has 30)"
    )
    assert caught.value.use["DSP"] == Use(0, 8)


def test_a_design_that_fits_passes() -> None:
    check_fit(LOG.replace("9925", "5280").replace("277/     30", " 30/     30"), ICE40)
    check_fit("", ECP5)
