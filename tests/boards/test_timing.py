"""Reports and logs of the real tools, as they were stored."""

import json
import re
from pathlib import Path

import pytest

from otus.boards.errors import BoardError
from otus.boards.family import ECP5, ICE40
from otus.boards.timing import FitError, Hop, Use, check_fit, own_name, read_report

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
    assert not re.search("SB_|accelerator", " ".join(hop.name for hop in hops))


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
            "endpoint.sender.encoder.fsm_state.S0",
        ),
    ],
)
def test_names(name: str, own: str) -> None:
    assert own_name(name) == own


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
