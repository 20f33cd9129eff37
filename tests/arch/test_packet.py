"""Frames and bodies: what is sent comes back, what is damaged never does."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otus.arch import packet
from otus.arch.errors import ContractError
from otus.arch.geometry import NAMED, Geometry
from otus.arch.packet import CONTRACT_VERSION, Counters, Identity, Opcode


@given(st.binary(max_size=1200))
def test_cobs_round_trip(data: bytes) -> None:
    encoded = packet.cobs_encode(data)
    assert 0 not in encoded
    assert len(encoded) <= len(data) + 1 + len(data) // 254
    assert packet.cobs_decode(encoded) == data


@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        # Cheshire & Baker 1999, and the boundary of a full block.
        (b"", b"\x01"),
        (b"\0", b"\x01\x01"),
        (b"\x11\0\0\0", b"\x02\x11\x01\x01\x01"),
        (b"\x11\x22\0\x33", b"\x03\x11\x22\x02\x33"),
        (bytes(range(1, 255)), b"\xff" + bytes(range(1, 255)) + b"\x01"),
        (bytes(range(1, 256)), b"\xff" + bytes(range(1, 255)) + b"\x02\xff"),
    ],
)
def test_cobs_examples(data: bytes, encoded: bytes) -> None:
    assert packet.cobs_encode(data) == encoded
    assert packet.cobs_decode(encoded) == data


@pytest.mark.parametrize("damaged", [b"\x05\x11", b"\x03\x11\0", b"\0"])
def test_cobs_refusals(damaged: bytes) -> None:
    with pytest.raises(ContractError, match="frame: damaged COBS block"):
        packet.cobs_decode(damaged)


@given(st.binary(min_size=packet.HEADER_BYTES, max_size=600))
def test_frame_round_trip(body: bytes) -> None:
    framed = packet.frame(body)
    assert framed[-1] == 0
    assert 0 not in framed[:-1]
    assert packet.unframe(framed[:-1]) == body


@pytest.mark.parametrize("body", [b"", b"\x01"])
def test_a_body_shorter_than_its_header_is_refused(body: bytes) -> None:
    with pytest.raises(ContractError, match=r"frame: damaged \(length or CRC\)"):
        packet.unframe(packet.frame(body)[:-1])


def test_damaged_frames_never_decode() -> None:
    """Flips of up to three bits are caught by CRC-32 at these lengths; so are lost bytes here."""
    rng = random.Random(20)
    for _ in range(5_000):
        body = rng.randbytes(rng.randint(2, 300))
        framed = bytearray(packet.frame(body)[:-1])
        match rng.randrange(4):
            case 0:
                for _ in range(rng.randint(1, 3)):
                    framed[rng.randrange(len(framed))] ^= 1 << rng.randrange(8)
            case 1:
                del framed[rng.randrange(len(framed))]
            case 2:
                framed.insert(rng.randrange(len(framed)), rng.randrange(1, 256))
            case 3:
                del framed[rng.randrange(len(framed)) :]
        if bytes(framed) == packet.frame(body)[:-1]:
            continue
        with pytest.raises(ContractError, match="frame: damaged"):
            packet.unframe(bytes(framed))


def test_request_bodies() -> None:
    assert packet.request(257, Opcode.IDENTIFY) == b"\x01\x01"
    assert packet.request(2, Opcode.WRITE, 1, 0x0203, data=b"ab") == b"\x02\x02\x01\x03\x02ab"
    assert packet.request(3, Opcode.READ, 0, 1, 2) == b"\x03\x03\x00\x01\x00\x02\x00"
    assert packet.request(4, Opcode.RUN, 8) == b"\x04\x04\x08\x00"
    assert packet.request(5, Opcode.RESULT, 0, 1, 2) == b"\x05\x05\x00\x01\x00\x02\x00"
    with pytest.raises(struct.error):
        packet.request(6, Opcode.RUN, 1 << 16)


@given(st.lists(st.integers(0, (1 << 32) - 1), min_size=8, max_size=8))
def test_counters_round_trip(values: list[int]) -> None:
    counters = Counters(*values)
    assert len(counters.pack()) == packet.COUNTERS_BYTES
    assert Counters.unpack(counters.pack()) == counters


@given(st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 32) - 1), st.sampled_from(list(NAMED)))
def test_identity_round_trip(build: int, clock: int, name: str) -> None:
    identity = Identity(CONTRACT_VERSION, build, clock, NAMED[name])
    assert Identity.unpack(identity.pack()) == identity


def test_identity_refusals() -> None:
    packed = Identity(CONTRACT_VERSION, 1, 2, NAMED["default"]).pack()
    with pytest.raises(ContractError, match=r"identity: got b'NOPE', expected b'OTUS'"):
        Identity.unpack(b"NOPE" + packed[4:])
    with pytest.raises(ContractError, match=r"not an otus device"):
        Identity.unpack(b"OTUS")
    other = Identity(CONTRACT_VERSION + 1, 1, 2, NAMED["default"]).pack()
    with pytest.raises(
        ContractError,
        match=rf"speaks contract version {CONTRACT_VERSION + 1}, this driver {CONTRACT_VERSION}",
    ):
        Identity.unpack(other)
    with pytest.raises(ContractError, match="packed geometry"):
        Identity.unpack(packed[:-1])


@pytest.mark.parametrize("geometry", [*NAMED.values(), Geometry.parse("32x64"), Geometry(1, 1)])
def test_two_full_writes_and_a_weight_word_fit_the_buffer(geometry: Geometry) -> None:
    data = packet.max_write_bytes(geometry)
    body = packet.request(0, Opcode.WRITE, 1, 0, data=bytes(data))
    held = packet.PREFIX_BYTES + len(body) + packet.CRC_BYTES
    assert 2 * held <= geometry.link_bytes
    assert data >= geometry.rows * geometry.columns
