"""Records that show each of their bits, and the model of their outputs."""

import numpy as np
import pytest
from broken import Stuck, broken_link

from otus.arch.geometry import NAMED
from otus.arch.memory import RECORD_BYTES, Record, Space
from otus.driver.selftest import parameters
from otus.driver.selftest.bench import Bench, SelftestError
from otus.driver.selftest.cover import shown_in_both
from otus.sim.golden import requantise


def test_outputs_are_the_golden_models() -> None:
    data = np.random.default_rng(0).integers(0, 256, (5000, RECORD_BYTES), dtype=np.uint8)
    bits = np.unpackbits(data, axis=1, bitorder="little").astype(bool)
    records = np.array([Record.unpack(row.tobytes()) for row in data], np.int64)
    golden = np.clip(requantise(np.zeros(5000, np.int64), *records.T), -128, 127)
    np.testing.assert_array_equal(parameters.record_outputs(bits), golden)
    assert len(np.unique(golden)) > 50


def test_every_bit_is_shown_in_both_values() -> None:
    records = parameters.patterns()
    assert shown_in_both(records, parameters.shown(records)).all()


def test_their_number_is_prime() -> None:
    count = len(parameters.patterns())
    assert all(count % n for n in range(2, count))


@pytest.mark.parametrize("bit", range(8 * RECORD_BYTES))
@pytest.mark.parametrize("value", [0, 1])
def test_every_bit_is_found_and_named(bit: int, value: int) -> None:
    fault = Stuck(Space.PARAMETER, 101, bit // 8, bit % 8, value)
    bench = Bench(broken_link(NAMED["hx8k"], fault), 1.0, 0.2)
    with pytest.raises(SelftestError, match="the first is word 101, lane 0") as caught:
        parameters.check_parameters(bench, lambda *_: None)
    field = max((low, name) for name, low in parameters._FIELDS.items() if low <= bit)
    named = caught.value.cause.split(": a defective")[0].split(" or ")
    assert f"bit {bit - field[0]} of its {field[1]} is always {value}" in named
    assert len(named) <= 6
