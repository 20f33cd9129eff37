"""Links that lose, damage and delay bytes, and one that resets the device."""

import random
import re
import time
from dataclasses import dataclass

from otus.arch.packet import Opcode, cobs_decode, frame, request
from otus.driver.link import Link


@dataclass
class Rates:
    """Probability of each fault, for each write or read with data."""

    lose: float = 0.0
    flip: float = 0.0
    cut: float = 0.0
    repeat: float = 0.0
    insert: float = 0.0
    delay: float = 0.0


class FaultyLink:
    """Pass bytes on with faults, the same ones for the same seed and timing.

    Parameters
        link : below
        sending, receiving : faults in each direction
    """

    def __init__(self, link: Link, seed: int, sending: Rates, receiving: Rates) -> None:
        self.link = link
        self.sending = sending
        self.receiving = receiving
        self.faults = 0
        self.closed = False
        self._rng = random.Random(seed)
        self._late: list[tuple[float, bytes]] = []

    def _spoil(self, data: bytes, rates: Rates) -> bytes:
        rng = self._rng
        out = bytearray()
        # Frame by frame, so that a stretch of many frames does not escape with one fault.
        for whole in re.findall(rb"[^\0]*\0|[^\0]+", data):
            each = bytearray(whole)
            if rng.random() < rates.lose:
                each.clear()
            if each and rng.random() < rates.flip:
                each[rng.randrange(len(each))] ^= 1 << rng.randrange(8)
            if each and rng.random() < rates.cut:
                del each[rng.randrange(len(each)) :]
            if each and rng.random() < rates.repeat:
                each.extend(bytes(each))
            if rng.random() < rates.insert:
                at = rng.randrange(len(each) + 1)
                each[at:at] = rng.randbytes(rng.randrange(1, 20))
            self.faults += whole != bytes(each)
            out += each
        return bytes(out)

    def write(self, data: bytes) -> None:
        self.link.write(self._spoil(data, self.sending))

    def read(self, limit: int, timeout: float) -> bytes:
        if self._late:
            until, data = self._late[0]
            pause = min(timeout, until - time.monotonic())
            if pause > 0:
                time.sleep(pause)
            if time.monotonic() < until:
                return b""
            self._late.pop(0)
            return data
        # Whole frames only arrive from the golden link, so that each can be spoilt.
        data = self.link.read(limit, timeout)
        if not data:
            return b""
        data = self._spoil(data, self.receiving)
        if self._rng.random() < self.receiving.delay:
            self.faults += 1
            self._late.append((time.monotonic() + self._rng.uniform(0.01, 0.06), data))
            return b""
        return data

    def close(self) -> None:
        self.closed = True
        self.link.close()


class ResetsInBetween:
    """Another program resets the device after some writes, and leaves it any sequence number.

    Parameters
        link : below
        writes : until the reset
        offset : what the device expects then, from the number of the next request on
    """

    def __init__(self, link: Link, writes: int, offset: int) -> None:
        self.link, self.writes, self.offset = link, writes, offset

    def write(self, data: bytes) -> None:
        self.writes -= 1
        if self.writes == 0:
            sequence = cobs_decode(data.lstrip(b"\0").split(b"\0")[0])[0]
            self.link.write(frame(request(sequence + self.offset - 1, Opcode.RESET)))
        self.link.write(data)

    def read(self, limit: int, timeout: float) -> bytes:
        return self.link.read(limit, timeout)

    def close(self) -> None:
        self.link.close()
