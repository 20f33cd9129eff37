"""Raw programs: results are those of this run, and took as long as they have to."""

import numpy as np
import pytest
from faults import FaultyLink, Rates

from otus.arch.descriptor import Descriptor
from otus.arch.geometry import NAMED
from otus.arch.memory import Record, Space
from otus.arch.packet import Counters
from otus.driver.errors import DeviceError
from otus.driver.selftest.bench import Bench, SelftestError, unit_record
from otus.sim.golden import requantise
from otus.sim.golden_link import GoldenLink

GEOMETRY = NAMED["hx8k"]
#: Two words of padding, scaled by 1.
LAYER = Descriptor(0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 4, 1, 5, 0, -128, 127, 1, 1, last=1)


def bench(build: int = 0) -> Bench:
    link = GoldenLink(GEOMETRY)
    link.endpoint.identity = link.endpoint.identity._replace(build=build)
    return Bench(link, 1.0, 0.2)


@pytest.mark.parametrize("value", [-128, -1, 0, 77, 127])
def test_unit_record_scales_by_one(value: int) -> None:
    fields = [np.array([f]) for f in Record.unpack(unit_record(value - 1000))]
    assert requantise(np.array([1000]), *fields) == [value]


def test_words_come_back_over_a_bad_link() -> None:
    rates = Rates(lose=0.02, flip=0.02, repeat=0.02)
    faulty = FaultyLink(GoldenLink(GEOMETRY), 1, rates, rates)
    device = Bench(faulty, 5.0, 0.02)
    rng = np.random.default_rng(0)
    for _ in range(20):
        words = rng.bytes(GEOMETRY.activation_words * GEOMETRY.rows)
        device.write(Space.ACTIVATION, 0, words)
        assert device.read(0, GEOMETRY.activation_words) == words
    assert faulty.faults > 10


def test_run_returns_the_outputs() -> None:
    device = bench()
    device.write(Space.WEIGHT, 0, b"\x03\x00" * 2)
    device.write(Space.PARAMETER, 0, unit_record(2) * 2)
    assert device.run([LAYER], 1)[:1] == b"\x11"
    assert device.run([LAYER], 1, entry=40)[:1] == b"\x11"


def test_cycles_are_compared_where_they_are_counted() -> None:
    """The golden model counts nothing: as a device that claims to count it is refused."""
    expected = r"sequencer: other cycles than predicted, counted / predicted: total 0 / \d+, busy 0"
    with pytest.raises(SelftestError, match=expected) as caught:
        bench(build=1).run([LAYER], 1)
    assert "otus info" in caught.value.cause


def test_runs_of_another_program_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    device = bench()
    pack = Counters.pack
    monkeypatch.setattr(Counters, "pack", lambda self: pack(self._replace(runs=9)))
    with pytest.raises(SelftestError, match="9 runs are counted after 1"):
        device.run([LAYER], 1)


def test_refused_requests_are_errors() -> None:
    device = bench()
    with pytest.raises(DeviceError, match="past the end of the memory"):
        device.read(GEOMETRY.activation_words, 1)
