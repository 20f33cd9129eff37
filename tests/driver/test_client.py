"""Requests over a good link and over bad ones: every one executed once, in order, or an error."""

import random
import time

import pytest
from faults import FaultyLink, Rates
from hypothesis import given, settings
from hypothesis import strategies as st

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.arch.packet import CONTRACT_VERSION, MAX_REQUESTS, Opcode, Status, frame, unframe
from otus.driver.client import Client
from otus.driver.errors import DeviceError, LinkError
from otus.sim.golden_link import GoldenLink

GEOMETRY = Geometry(4, 2, link_bytes=512)
RETRY = 0.02


class Script:
    """A link that says what it is told to, whatever it is sent."""

    def __init__(self, *replies: bytes) -> None:
        self.replies = list(replies)
        self.sent: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def read(self, limit: int, timeout: float) -> bytes:
        if self.replies and self.sent:
            return self.replies.pop(0)[:limit]
        time.sleep(timeout)
        return b""

    def close(self) -> None:
        pass


def opened(link: GoldenLink | FaultyLink, timeout: float = 5.0) -> Client:
    client = Client(link, timeout=timeout, retry=RETRY)
    assert client.reset().geometry == GEOMETRY
    return client


def flood(client: Client, opcode: Opcode, *values: int, data: bytes = b"") -> None:
    for _ in range(1000):
        client.submit(opcode, *values, data=data)


class StaleReplies(GoldenLink):
    """Answers each RESET with replies of an earlier session that carry its number."""

    def write(self, data: bytes) -> None:
        for each in data.split(b"\0"):
            if each and (body := unframe(each))[1] == Opcode.RESET:
                for status in (Status.OK, Status.RESTARTED, Status.ADDRESS):
                    self._replies += frame(bytes((body[0], status)) + b"old")
        super().write(data)


def test_replies_of_an_earlier_session_are_not_the_identity() -> None:
    client = opened(StaleReplies(GEOMETRY))
    assert client.statistics.stale == 3
    assert client.request(Opcode.READ, Space.ACTIVATION, 0, 1) == bytes(4)


def test_write_and_read() -> None:
    client = opened(GoldenLink(GEOMETRY))
    data = bytes(range(40))
    assert client.request(Opcode.WRITE, Space.ACTIVATION, 7, data=data) == b""
    assert client.request(Opcode.READ, Space.ACTIVATION, 7, 10) == data
    assert client.statistics.retries == client.statistics.damaged == client.statistics.stale == 0


def test_window_never_exceeds_the_receive_buffer() -> None:
    class Silent(GoldenLink):
        sent = 0

        def write(self, data: bytes) -> None:
            self.sent += len(data)
            if self.sent < 20:
                super().write(data)

    link = Silent(GEOMETRY)
    client = Client(link, timeout=0.1, retry=10)
    client.reset()
    with pytest.raises(LinkError, match=r"no reply to WRITE within 0.1 s"):
        flood(client, Opcode.WRITE, Space.ACTIVATION, 0, data=bytes(100))
    assert 3 * 100 < link.sent < GEOMETRY.link_bytes


def test_many_small_requests_stay_below_what_repeats_can_tell() -> None:
    class Silent(GoldenLink):
        frames = 0

        def write(self, data: bytes) -> None:
            self.frames += 1
            if self.frames == 1:
                super().write(data)

    link = Silent(Geometry(4, 2, link_bytes=16384))
    client = Client(link, timeout=0.1, retry=10)
    client.reset()
    with pytest.raises(LinkError, match="no reply to IDENTIFY"):
        flood(client, Opcode.IDENTIFY)
    assert link.frames == 1 + MAX_REQUESTS


def test_silent_device() -> None:
    client = Client(Script(), timeout=0.2, retry=RETRY)
    begin = time.monotonic()
    with pytest.raises(LinkError, match=r"no otus device answers \(no reply to RESET within 0.2 s"):
        client.reset()
    assert time.monotonic() - begin < 1.0
    assert client.statistics.retries > 1


def test_device_that_talks_something_else() -> None:
    noise = random.Random(1)
    client = Client(Script(*(noise.randbytes(50) for _ in range(1000))), timeout=0.2, retry=RETRY)
    with pytest.raises(LinkError, match=r"no otus device answers.*damaged frames"):
        client.reset()


def test_another_contract_version() -> None:
    class Other(GoldenLink):
        def read(self, limit: int, timeout: float) -> bytes:
            data = super().read(limit, timeout)
            return frame(bytes((self.sequence, 0)) + b"OTUS\x63\x00" + bytes(40)) if data else b""

        def write(self, data: bytes) -> None:
            from otus.arch.packet import unframe

            self.sequence = unframe(data.split(b"\0")[1])[0]
            super().write(data)

    text = f"device speaks contract version 99, this driver {CONTRACT_VERSION};"
    with pytest.raises(DeviceError, match=text):
        Client(Other(GEOMETRY), timeout=1, retry=RETRY).reset()


@pytest.mark.parametrize(
    ("opcode", "values", "data", "message"),
    [
        (Opcode.WRITE, (Space.ACTIVATION, 0), b"abc", "refused WRITE with LENGTH: the request's"),
        (Opcode.WRITE, (Space.ACTIVATION, 512), b"abcd", "WRITE with ADDRESS: the address is past"),
        (Opcode.READ, (Space.WEIGHT, 0, 1), b"", "refused READ with SPACE: there is no such"),
        (Opcode.RUN, (256,), b"", "refused RUN with ADDRESS"),
    ],
)
def test_refusals(opcode: Opcode, values: tuple[int, ...], data: bytes, message: str) -> None:
    client = opened(GoldenLink(GEOMETRY))
    with pytest.raises(DeviceError, match=message):
        client.request(opcode, *values, data=data)
    assert client.request(Opcode.WRITE, Space.ACTIVATION, 0, data=b"abcd") == b""


def test_request_that_does_not_fit_is_refused_here() -> None:
    client = opened(GoldenLink(GEOMETRY))
    with pytest.raises(LinkError, match="WRITE: 523 bytes, the device holds 511"):
        client.submit(Opcode.WRITE, Space.ACTIVATION, 0, data=bytes(512))


def test_restarted_device_is_told_from_a_repeat() -> None:
    link = GoldenLink(GEOMETRY)
    client = opened(link)
    client.request(Opcode.WRITE, Space.ACTIVATION, 0, data=b"abcd")
    # Power is lost and comes back: the count starts anew.
    link.endpoint = GoldenLink(GEOMETRY).endpoint
    with pytest.raises(DeviceError, match="restarted: it was configured again or lost its power"):
        client.request(Opcode.WRITE, Space.ACTIVATION, 0, data=b"abcd")


def test_another_program_resets_the_device() -> None:
    link = GoldenLink(GEOMETRY)
    client = opened(link)
    sequence = client.submit(Opcode.IDENTIFY).sequence
    link.write(frame(bytes(((sequence + 200) % 256, Opcode.RESET))))
    with pytest.raises(DeviceError, match="another program has used it"):
        client.request(Opcode.WRITE, Space.ACTIVATION, 0, data=b"abcd")


def test_stale_reply_is_no_result() -> None:
    link = GoldenLink(GEOMETRY)
    client = opened(link)
    client.request(Opcode.WRITE, Space.ACTIVATION, 0, data=b"good")
    ticket = client.submit(Opcode.READ, Space.ACTIVATION, 0, 1)
    stale = bytes(((ticket.sequence - 1) % 256, Status.OK)) + b"evil"
    link._replies[:0] = frame(stale)
    assert client.wait(ticket) == b"good"
    assert client.statistics.stale == 1


RATES = {
    "losses": Rates(lose=0.1),
    "flips": Rates(flip=0.1),
    "cuts": Rates(cut=0.1),
    "repeats": Rates(repeat=0.2),
    "noise": Rates(insert=0.1),
    "delays": Rates(delay=0.2),
    "all": Rates(0.03, 0.03, 0.03, 0.05, 0.03, 0.05),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("way", ["sending", "receiving", "both"])
@pytest.mark.parametrize("name", RATES)
def test_faulty_link(name: str, way: str, seed: int) -> None:
    """Pipelined writes and reads of the same words: each read sees the write before it."""
    none = Rates()
    sending = none if way == "receiving" else RATES[name]
    receiving = none if way == "sending" else RATES[name]
    link = FaultyLink(GoldenLink(GEOMETRY), seed, sending, receiving)
    client = opened(link)
    rng = random.Random(seed)
    for _ in range(30):
        data = rng.randbytes(4 * rng.randrange(1, 40))
        at = rng.randrange(200)
        writes = [client.submit(Opcode.WRITE, Space.ACTIVATION, at, data=data) for _ in range(3)]
        found = client.request(Opcode.READ, Space.ACTIVATION, at, len(data) // 4)
        assert found == data
        assert all(client.wait(ticket) == b"" for ticket in writes)
    if name != "delays":
        assert link.faults > 5


@settings(deadline=None, max_examples=50)
@given(noise=st.lists(st.binary(max_size=60), max_size=5))
def test_garbage_before_the_first_frame(noise: list[bytes]) -> None:
    link = GoldenLink(GEOMETRY)
    link.write(b"".join(noise))
    link._replies += b"".join(noise)
    client = opened(link)
    client.request(Opcode.WRITE, Space.ACTIVATION, 0, data=b"abcd")
    assert client.request(Opcode.READ, Space.ACTIVATION, 0, 1) == b"abcd"
