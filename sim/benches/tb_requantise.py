"""Requantise lane: gemmlowp's two roundings and the single one, written out from their sources."""

from typing import Any, NamedTuple

import cocotb

from ...arch import timing
from ...arch.memory import LEFT_MAX, RIGHT_MAX, Record, Rounding
from ...hw.parameter_buffer import RecordLayout
from ...hw.requantise import OutputLayout, Requantise
from .ports import MARGIN, Ports, check_latency, encode, geometry, signed, unsigned
from .streams import Bench, pattern

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


def saturating_rounding_doubling_high_mul(a: int, b: int) -> int:
    """gemmlowp, fixedpoint.h, on Python's integers; division truncates toward zero."""
    if a == b == INT32_MIN:
        return INT32_MAX
    nudged = a * b + ((1 << 30) if a * b >= 0 else 1 - (1 << 30))
    return nudged // (1 << 31) if nudged >= 0 else -(-nudged // (1 << 31))


def rounding_divide_by_pot(x: int, exponent: int) -> int:
    """gemmlowp, fixedpoint.h: ties away from zero."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if (x & mask) > threshold else 0)


def scale(accumulator: int, record: Record) -> int:
    """TensorFlow Lite, common.h: MultiplyByQuantizedMultiplier with either rounding."""
    x = signed(signed(accumulator + record.bias, 32) << record.left, 32)
    if record.rounding == Rounding.SINGLE:
        total_shift = 31 + record.right
        return (x * record.multiplier + (1 << (total_shift - 1))) >> total_shift
    high = saturating_rounding_doubling_high_mul(x, record.multiplier)
    return rounding_divide_by_pot(high, record.right)


class Vector(NamedTuple):
    """One input of the lane."""

    accumulator: int
    record: Record
    zero_point: int
    act_min: int
    act_max: int

    @property
    def output(self) -> int:
        """What the lane must give."""
        scaled = scale(self.accumulator, self.record) + self.zero_point
        return max(self.act_min, min(self.act_max, scaled))


def vectors(bench: Bench, bits: int) -> list[Vector]:
    """Cross every shift and rounding with corners of the accumulator and the multiplier."""
    rng = bench.rng
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    multipliers = [0, 1, 1 << 30, (1 << 30) + 1, INT32_MAX, INT32_MAX - 1]
    found = []

    def add(x: int, multiplier: int, rounding: Rounding, left: int, right: int) -> None:
        # Give the bias what the accumulator cannot hold, and a random share of the rest.
        accumulator = max(low, min(high, rng.choice([x, x, rng.randint(low, high)])))
        bias = signed(x - accumulator, 32)
        bound = sorted(rng.randint(-128, 127) for _ in range(2))
        clamp = (-128, 127) if rng.random() < 0.7 else (bound[0], bound[1])
        record = Record(bias, multiplier, rounding, left, right)
        found.append(Vector(accumulator, record, rng.randint(-128, 127), *clamp))

    for right in range(RIGHT_MAX + 1):
        for left in range(LEFT_MAX + 1):
            for rounding in Rounding:
                # A half between two outputs: x * 2^30 / 2^31 / 2^right = odd / 2.
                odd = rng.choice([-129, -5, -3, -1, 1, 3, 5, 127]) << right
                add(signed(odd >> left, 32), 1 << 30, rounding, left, right)
                # Anything whose output is not beyond the clamp.
                size = min(31, max(2, right + 8 - left))
                x = rng.randint(-(1 << size), (1 << size) - 1)
                add(x, rng.randint(1 << 30, INT32_MAX), rounding, left, right)
                corner = rng.choice([INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX])
                add(corner, rng.choice(multipliers), rounding, left, right)
                add(rng.randint(INT32_MIN, INT32_MAX), rng.getrandbits(31), rounding, left, right)
    for corner in (INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX):
        for multiplier in multipliers:
            for rounding in Rounding:
                for right in (0, 1, 23, 24, 25, RIGHT_MAX):
                    add(corner, multiplier, rounding, 0, right)
    rng.shuffle(found)
    return found


@cocotb.test()
@cocotb.parametrize(share=[1.0, 0.6])
async def requantises(dut: Any, share: float) -> None:
    bench, g = Bench(dut), geometry()
    rng, lane = bench.rng, Requantise(g)
    bits = g.accumulator_bits
    cases = vectors(bench, bits)
    assert sum(-128 < case.output < 127 for case in cases) > len(cases) // 4
    if share < 1:
        cases = cases[::4]
    names = ["valid", "accumulator", "record", "output_range"]
    ports = Ports(bench, names, ["output"])
    await bench.start()
    act = pattern(rng, share)
    rows: list[dict[str, int]] = []
    expected: list[int | None] = []
    ranges: list[int | None] = []
    waiting, since = iter(cases), lane.interval
    case = next(waiting, None)
    while case is not None:
        take = since >= lane.interval and next(act)
        since = 1 if take else since + 1
        rows.append(
            {
                "valid": int(take),
                "accumulator": unsigned(case.accumulator, bits) if take else rng.getrandbits(bits),
                "record": encode(RecordLayout, case.record._asdict())
                if take
                else rng.getrandbits(RecordLayout.size),
            }
        )
        if not take and since <= lane.interval:
            # An iterative lane takes as long to use them.
            rows[-1] = {"valid": 0}
        expected.append(unsigned(case.output, 8) if take else None)
        limits = {name: getattr(case, name) for name in OutputLayout.members}
        ranges.append(encode(OutputLayout, limits) if take else None)
        if take:
            case = next(waiting, None)
    rows += [{"valid": 0} for _ in range(lane.latency)]
    for cycle, word in enumerate([None] * (lane.latency - timing.ranged(lane.geometry)) + ranges):
        rows[cycle]["output_range"] = rng.getrandbits(24) if word is None else word
    ports.send(*rows)
    await bench.step(len(rows) + MARGIN)
    check_latency(expected, ports.trace["output"], lane.latency, "output")
    if share == 1:
        assert sum(value is not None for value in expected) * lane.interval >= len(expected)
