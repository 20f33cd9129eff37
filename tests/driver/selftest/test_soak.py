"""The link under load: figures, and what is said about losses and wrong bytes."""

import time

import numpy as np
import pytest

from otus.arch.geometry import NAMED
from otus.driver.selftest.bench import Bench, SelftestError
from otus.driver.selftest.soak import _payload, soak
from otus.sim.golden_link import GoldenLink

GEOMETRY = NAMED["hx8k"]


def test_figures() -> None:
    figures = soak(Bench(GoldenLink(GEOMETRY), 1.0, 0.2), lambda *_: None, 0.2)
    assert figures["bytes"] > 2 * 2 * GEOMETRY.activation_words * GEOMETRY.rows
    assert figures["bytes_per_s"] > 1000
    assert figures["retries"] == figures["damaged"] == 0
    assert figures["hint"] == ""


def test_slow_round_trips_get_a_hint() -> None:
    class Slow(GoldenLink):
        def read(self, limit: int, timeout: float) -> bytes:
            time.sleep(0.009)
            return super().read(limit, timeout)

    figures = soak(Bench(Slow(GEOMETRY), 5.0, 2.0), lambda *_: None, 0)
    assert figures["round_trip_ms"] >= 9
    assert "latency_timer" in figures["hint"]


def test_payloads_are_what_framing_finds_hard() -> None:
    rng = np.random.default_rng(0)
    shares = [(_payload(rng, (100, 64), number) == 0).mean() for number in range(4)]
    assert 0 < shares[0] < 0.01
    assert shares[1] > 0.8
    assert shares[2] == 0
    assert 0.003 < shares[3] < 0.006


def test_other_bytes_in_whole_frames() -> None:
    device = Bench(GoldenLink(GEOMETRY), 1.0, 0.2)
    machine = device.client.link.endpoint.machine
    read = machine.read

    def wrong(space: int, address: int, count: int) -> bytes:
        data = bytearray(read(space, address, count))
        if address <= 100 < address + count:
            data[(100 - address) * 2] ^= 4
        return bytes(data)

    machine.read = wrong
    with pytest.raises(SelftestError, match=r"word 100 came back as \w{4}, sent was") as caught:
        soak(device, lambda *_: None, 0)
    assert "endpoint's logic" in caught.value.cause
