"""The simulated board as a link: identity, silence, engines, and the entry point."""

import re
import time

import pytest

from otus.arch.geometry import Geometry
from otus.arch.packet import Identity, Opcode, Status, frame, request, unframe
from otus.driver.link import open_link
from otus.sim import board, toolchain
from otus.sim.board import SimLink

SMALL = Geometry(
    2, 2, weight_words=16, activation_words=16, parameter_words=8, program_words=16, link_bytes=512
)


def ask(link: SimLink, body: bytes) -> bytes:
    """Send one request and return the body of its reply."""
    link.write(frame(body))
    received = b""
    while not received.endswith(b"\0"):
        more = link.read(64, 5)
        assert more, "no reply"
        received += more
    return unframe(received[:-1])


@pytest.fixture(scope="module")
def compiled() -> SimLink:
    return SimLink(SMALL, "cxxrtl")


@pytest.mark.parametrize("engine", ["cxxrtl", "python"])
def test_it_says_what_it_is(engine: board.Engine) -> None:
    link = SimLink(SMALL, engine)
    reply = ask(link, request(7, Opcode.RESET))
    assert reply[:2] == bytes((7, Status.OK))
    identity = Identity.unpack(reply[2:])
    assert identity.geometry == SMALL
    assert identity.build == board.build_hash()
    assert identity.clock_hz == 0
    assert ask(link, request(8, Opcode.WRITE, 0, 3, data=b"abcd")) == bytes((8, Status.OK))
    assert ask(link, request(9, Opcode.READ, 0, 3, 2)) == bytes((9, Status.OK)) + b"abcd"
    link.close()


def test_both_engines_take_the_same_cycles() -> None:
    fresh, interpreted = SimLink(SMALL, "cxxrtl"), SimLink(SMALL, "python")
    counts = []
    for link in (fresh, interpreted):
        link.write(frame(request(0, Opcode.RESET)))
        counts.append([len(link.read(1, 5)) and link.cycles for _ in range(20)])
    assert counts[0] == counts[1]


def test_silence_ends_a_read_at_once(compiled: SimLink) -> None:
    begin = time.monotonic()
    assert compiled.read(100, timeout=60) == b""
    assert time.monotonic() - begin < 5


def test_half_a_request_is_waited_for(compiled: SimLink) -> None:
    framed = frame(request(1, Opcode.RESET))
    compiled.write(framed[:3])
    assert compiled.read(100, timeout=1) == b""
    compiled.write(framed[3:])
    reply = compiled.read(100, timeout=1)
    assert Identity.unpack(unframe(reply[:-1])[2:]).geometry == SMALL


def test_a_read_returns_no_more_than_its_limit(compiled: SimLink) -> None:
    compiled.write(frame(request(1, Opcode.RESET)))
    parts = []
    while part := compiled.read(7, timeout=1):
        assert len(part) <= 7
        parts.append(part)
    assert b"".join(parts).endswith(b"\0")


def test_without_a_compiler_the_slow_engine_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise toolchain.ToolchainError("no C++ compiler found; pip install ziglang")

    monkeypatch.setattr(toolchain, "find_compiler", none)
    told: list[str] = []
    link = SimLink(SMALL, report=told.append)
    assert link.engine == "python"
    assert told == [
        "no C++ compiler found; pip install ziglang\n"
        "until then Amaranth's simulator is used: very slow"
    ]
    with pytest.raises(toolchain.ToolchainError, match="pip install ziglang"):
        SimLink(SMALL, "cxxrtl")


def test_the_driver_finds_it_by_name() -> None:
    link = open_link("sim", SMALL)
    assert isinstance(link, SimLink)
    assert link.geometry == SMALL


def test_build_hash_follows_the_sources() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", board.sources_key())
    assert 0 < board.build_hash() < 1 << 32
