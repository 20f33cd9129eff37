"""The golden endpoint, request by request, against the text of arch.packet."""

import pytest

from otus.arch.geometry import Geometry
from otus.arch.packet import (
    CONTRACT_VERSION,
    Counters,
    Identity,
    Opcode,
    Status,
    cobs_encode,
    frame,
    request,
    unframe,
)
from otus.sim.golden_link import GoldenEndpoint, GoldenLink, open_device

GEOMETRY = Geometry(4, 2, link_bytes=512, activation_words=16, program_words=16)
WRITE, READ, RUN, RESULT = Opcode.WRITE, Opcode.READ, Opcode.RUN, Opcode.RESULT


@pytest.fixture
def endpoint() -> GoldenEndpoint:
    endpoint = GoldenEndpoint(GEOMETRY)
    identity = Identity(CONTRACT_VERSION, 0, 0, GEOMETRY).pack()
    reply = endpoint.feed(b"noise\0" + frame(request(255, Opcode.RESET)))
    assert unframe(reply[:-1]) == b"\xff\0" + identity
    return endpoint


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (request(0, WRITE, 0, 3, data=b"abcd"), b"\0\0"),
        (request(0, READ, 0, 0, 1), b"\0\0\0\0\0\0"),
        (request(0, READ, 0, 16, 0), b"\0\0"),
        (request(0, READ, 0, 15, 2), bytes((0, Status.ADDRESS))),
        (request(0, READ, 1, 0, 1), bytes((0, Status.SPACE))),
        (request(0, WRITE, 4, 0, data=b"abcd"), bytes((0, Status.SPACE))),
        (request(0, WRITE, 0, 0, data=b"abc"), bytes((0, Status.LENGTH))),
        (request(0, WRITE, 0, 16, data=b"abc"), bytes((0, Status.ADDRESS))),
        (request(0, WRITE, 0, 999), b"\0\0"),
        (request(0, RUN, 16), bytes((0, Status.ADDRESS))),
        (request(0, RUN, 1)[:-1], bytes((0, Status.LENGTH))),
        (request(0, READ, 0, 0, 0) + b"x", bytes((0, Status.LENGTH))),
        (request(0, Opcode.RESET) + b"x", bytes((0, Status.LENGTH))),
        (b"\0\x09", bytes((0, Status.OPCODE))),
        (request(5, RUN, 0), bytes((5, Status.SEQUENCE, 0))),
        (request(200, WRITE, 0, 0, data=b"abc"), bytes((200, Status.LENGTH))),
        (request(0, RESULT, 0, 0, 0), b"\0\0" + Counters(*(0,) * 8).pack()),
    ],
)
def test_request(endpoint: GoldenEndpoint, body: bytes, reply: bytes) -> None:
    assert unframe(endpoint.feed(frame(body))[:-1]) == reply


def test_repeat_is_not_executed(endpoint: GoldenEndpoint) -> None:
    endpoint.feed(frame(request(0, WRITE, 0, 0, data=b"good")))
    endpoint.feed(frame(request(0, WRITE, 0, 0, data=b"evil")))
    assert unframe(endpoint.feed(frame(request(1, READ, 0, 0, 1)))[:-1]) == b"\1\0good"


def test_restarted_until_reset() -> None:
    endpoint = GoldenEndpoint(GEOMETRY)
    for number in (0, 1, 200):
        reply = endpoint.feed(frame(request(number, READ, 0, 0, 1)))
        assert unframe(reply[:-1]) == bytes((number, Status.RESTARTED))


def test_damaged_and_long_frames_are_dropped(endpoint: GoldenEndpoint) -> None:
    damaged = cobs_encode(request(0, READ, 0, 0, 1) + bytes(4)) + b"\0"
    long = frame(request(0, WRITE, 0, 0, data=bytes(512)))
    assert endpoint.feed(damaged + long + b"\0\0") == b""


def test_read_in_pieces() -> None:
    link = open_device("golden", None)
    assert isinstance(link, GoldenLink)
    link.write(frame(request(0, Opcode.IDENTIFY)))
    pieces = b"".join(link.read(7, 0) for _ in range(20))
    assert unframe(pieces[:-1])[:6] == b"\0\0OTUS"
    assert link.read(7, 0.01) == b""
