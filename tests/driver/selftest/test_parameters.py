"""Records that show each of their bits, and the model of their outputs."""

import numpy as np

from otus.arch.memory import RECORD_BYTES, Record
from otus.driver.selftest import parameters
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
