"""The link under load: what it costs, what it loses, how fast it is."""

import time

import numpy as np

from ...arch.memory import Space
from ...arch.packet import Opcode, max_write_bytes
from .bench import REPLY_BYTES, Bench, Bytes, Progress, SelftestError

_SEED = 31

#: Identities that are asked for one by one, to time the way there and back.
_ROUND_TRIPS = 20

#: Milliseconds above which a USB bridge is taken to hold replies back.
_SLOW_MS = 8.0

_LATENCY_HINT = (
    "the USB bridge holds replies back; on Linux, with the link's port in place of PORT (such as "
    "ttyUSB1): echo 1 | sudo tee /sys/bus/usb-serial/devices/PORT/latency_timer"
)


def soak(bench: Bench, progress: Progress, seconds: float) -> dict[str, float | int | str]:
    """Send and fetch payloads of all sizes, many at a time.

    Parameters
        seconds : for which to go on; two rounds at least
    Returns
        figures: bytes, bytes_per_s, requests, retries, damaged, round_trip_ms, hint
    Raises
        SelftestError: damaged frames, repeats, or whole frames with other bytes
    """
    trips = []
    for _ in range(_ROUND_TRIPS):
        begin = time.perf_counter()
        bench.client.request(Opcode.IDENTIFY)
        trips.append(1e3 * (time.perf_counter() - begin))
    round_trip = sorted(trips)[_ROUND_TRIPS // 2]
    rng = np.random.default_rng(_SEED)
    geometry, statistics = bench.geometry, bench.client.statistics
    shape = (geometry.activation_words, geometry.rows)
    largest = max_write_bytes(geometry) // geometry.rows
    moved, rounds, begin = 0, 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds or rounds < 2:
        words = _payload(rng, shape, rounds)
        at = 0
        while at < len(words):
            end = at + int(rng.integers(1, largest + 1))
            bench.write(Space.ACTIVATION, at, words[at:end].tobytes())
            at = min(end, len(words))
        bench.settle()
        found = np.frombuffer(_fetch(bench, rng), np.uint8).reshape(shape)
        if not np.array_equal(found, words):
            word = int(np.flatnonzero((found != words).any(axis=1))[0])
            raise SelftestError(
                f"link: word {word} came back as {found[word].tobytes().hex()}, sent was "
                f"{words[word].tobytes().hex()}, in frames whose CRC is right",
                "the memory passed its march, so it is the endpoint's logic under load: timing; "
                "build again for a lower clock",
            )
        moved += 2 * words.nbytes
        rounds += 1
        progress(int(1000 * min(spent, seconds)), int(1000 * seconds) or 1)
    spent = time.perf_counter() - begin
    figures: dict[str, float | int | str] = {
        "bytes": moved,
        "bytes_per_s": round(moved / spent),
        "requests": statistics.requests,
        "retries": statistics.retries,
        "damaged": statistics.damaged,
        "round_trip_ms": round(round_trip, 3),
        "hint": _LATENCY_HINT if round_trip > _SLOW_MS else "",
    }
    if statistics.damaged or statistics.retries:
        raise _lossy(statistics.requests, statistics.retries, statistics.damaged)
    return figures


def _payload(rng: np.random.Generator, shape: tuple[int, int], number: int) -> Bytes:
    """Make random bytes, and in other rounds what framing finds hard: only zeros, none, few."""
    words = rng.integers(0, 256, shape, dtype=np.uint8)
    match number % 4:
        case 1:
            words[rng.random(shape) < 0.9] = 0
        case 2:
            words[words == 0] = 255
        case 3:
            # A zero now and then, at distances around the longest block without one.
            words[words == 0] = 1
            words.reshape(-1)[:: int(rng.integers(250, 260))] = 0
    return words


def _fetch(bench: Bench, rng: np.random.Generator) -> bytes:
    """Read the activation memory in pieces of all sizes."""
    geometry = bench.geometry
    largest = max(1, REPLY_BYTES // geometry.rows)
    tickets, at = [], 0
    while at < geometry.activation_words:
        count = min(int(rng.integers(1, largest + 1)), geometry.activation_words - at)
        tickets.append(bench.client.submit(Opcode.READ, Space.ACTIVATION, at, count))
        at += count
    return b"".join(bench.client.wait(ticket) for ticket in tickets)


def _lossy(requests: int, retries: int, damaged: int) -> SelftestError:
    what = f"link: of {requests} requests {retries} were sent again; {damaged} replies came damaged"
    if damaged:
        cause = (
            "bytes change on their way from the board to the host: a baud rate that host and board "
            "round differently, a long or loose cable, no common ground; "
        )
    else:
        cause = (
            "requests are lost on their way from the host to the board: the board's receiver (its "
            "divisor is clock / baud rate and may be 2.5 % off: too much where the host is off the "
            "other way), or the cable; "
        )
    return SelftestError(
        what,
        f"{cause}build with a lower baud rate (docs/adding-a-board.md: a board that differs in one "
        "thing), name it with PORT@BAUD, and test again. Results stay right all the same: damaged "
        "frames are repeated",
    )
