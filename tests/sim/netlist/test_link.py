"""A netlist as a link."""

import time

import netlists

from otus.sim.netlist.link import NetlistLink
from otus.sim.netlist.simulation import Simulation


def echo() -> Simulation:
    simulation = netlists.simulate(netlists.synthesise(netlists.Echo(), "proc; flatten"), "generic")
    simulation.uart("rx", "tx", 7)
    return simulation


def test_every_byte_passes_a_uart() -> None:
    link = NetlistLink(echo())
    data = bytes(range(256))
    link.write(data)
    received = b""
    while len(received) < 256:
        more = link.read(50, 20)
        assert more
        received += more
    assert received == bytes((byte + 1) % 256 for byte in data)
    # Ten bits a character, without gaps.
    assert 256 * 70 <= link.cycles <= 258 * 70
    link.close()


def test_silence_ends_a_read_at_once_and_a_limit_is_kept() -> None:
    link = NetlistLink(echo())
    begin = time.monotonic()
    assert link.read(10, timeout=60) == b""
    assert time.monotonic() - begin < 5
    link.write(b"\x01\x02\x03")
    assert link.read(1, 20) == b"\x02"
    assert link.read(5, 20) + link.read(5, 20) == b"\x03\x04"
    link.close()
