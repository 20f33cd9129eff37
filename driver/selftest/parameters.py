"""The parameter memory: each record is seen through what it makes of an accumulator of 0.

The input is padding of 0, so that the accumulator is 0 whatever the weights are, and the output is
the record's alone: its bias, scaled by its multiplier, rounded and shifted. Every record of the
memory takes each of a few patterns, under which no bit of it can be stuck unseen.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...arch.descriptor import Descriptor
from ...arch.memory import LEFT_MAX, RECORD_BYTES, RIGHT_MAX, Rounding, Space
from .bench import LOWER_CLOCK, UNIT_LEFT, UNIT_MULTIPLIER, Bench, Progress, SelftestError
from .cover import cover
from .memories import tiles_at_once

Int64Array = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]

_SEED = 9
_CANDIDATES = 6_000
_BITS = 8 * RECORD_BYTES

#: Patterns that show each bit in each value: as many as it takes to tell which bit it is.
_TIMES = 3

#: First bit of each field of a record.
_FIELDS = {"bias": 0, "multiplier": 32, "rounding": 63, "left": 64, "right": 67}


def record_outputs(records: Bits) -> Int64Array:
    """Compute what records make of an accumulator of 0, clamped to int8.

    Parameters
        records : bool [..., 72], bits as arch.memory.Record packs them
    """

    def field(low: int, bits: int) -> Int64Array:
        places = np.int64(1) << np.arange(bits, dtype=np.int64)
        return np.asarray((records[..., low : low + bits] * places).sum(axis=-1), np.int64)

    def wrap(value: Int64Array) -> Int64Array:
        return ((value + (1 << 31)) & ((1 << 32) - 1)) - (1 << 31)

    right = field(67, 5)
    product = wrap(wrap(field(0, 32)) << field(64, 3)) * field(32, 31)
    doubled = (product + (1 << 30)) >> 31
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
    twice = (doubled + half - ((doubled < 0) & (right > 0))) >> right
    once = (product + (np.int64(1) << (30 + right))) >> (31 + right)
    return np.clip(np.where(field(63, 1) == Rounding.SINGLE, once, twice), -128, 127)


def shown(records: Bits) -> Bits:
    """Tell for each bit whether a change of it changes the output: bool [n, 72]."""
    outputs = record_outputs(records)
    flipped = records[:, None, :] ^ np.eye(_BITS, dtype=bool)
    return np.asarray(record_outputs(flipped) != outputs[:, None])


@lru_cache(maxsize=1)
def patterns() -> Bits:
    """Choose records, a prime number of them, under which no bit can be stuck unseen."""
    rng = np.random.default_rng(_SEED)

    def magnitudes(bits: int) -> Int64Array:
        return (2 ** rng.uniform(0, bits, _CANDIDATES)).astype(np.int64)

    bias = magnitudes(31) * rng.choice([-1, 1], _CANDIDATES)
    multiplier = magnitudes(31)
    rounding = rng.integers(0, 2, _CANDIDATES)
    left = rng.integers(0, LEFT_MAX + 1, _CANDIDATES)
    right = rng.integers(0, RIGHT_MAX + 1, _CANDIDATES)
    # Half a step below zero: only there the two roundings differ.
    ties = slice(0, _CANDIDATES // 10)
    right[ties] = 1 + right[ties] % 8
    bias[ties] = -(2 * (bias[ties] % 16) + 1) << (right[ties] - 1)
    multiplier[ties], left[ties] = UNIT_MULTIPLIER, UNIT_LEFT
    fields = ((bias, 32), (multiplier, 31), (rounding, 1), (left, 3), (right, 5))
    records = np.concatenate(
        [(values[:, None] >> np.arange(bits)) & 1 for values, bits in fields], axis=1
    ).astype(bool)
    chosen = cover(records, shown(records), _TIMES)
    # With a prime number of them, words a power of two apart never hold the same all the time.
    while any(len(chosen) % n == 0 for n in range(2, len(chosen))):
        chosen.append(len(chosen))
    return records[chosen]


def check_parameters(bench: Bench, progress: Progress) -> dict[str, int]:
    """Test every bit of every record.

    Returns
        figures: words, bits, patterns
    Raises
        SelftestError: outputs differ: which words, and which bit would explain it
    """
    geometry, lanes = bench.geometry, bench.geometry.requantise_lanes
    records = patterns()
    packed = np.packbits(records, axis=1, bitorder="little")
    results = record_outputs(records).astype(np.int8)
    depth, groups = geometry.parameter_words, geometry.column_groups
    tiles = tiles_at_once(geometry, 0, 1)
    seen = np.zeros((len(records), depth * lanes), np.int8)
    chosen = (np.arange(depth * lanes) + np.arange(len(records))[:, None]) % len(records)
    starts = range(0, depth, tiles * groups)
    for number, choice in enumerate(chosen):
        bench.write(Space.PARAMETER, 0, packed[choice].tobytes())
        for done, start in enumerate(starts):
            words = min(tiles * groups, depth - start)
            outputs = _run(bench, start, words)
            seen[number, start * lanes : (start + words) * lanes] = outputs
            progress(number * len(starts) + done + 1, len(records) * len(starts))
    expected = results[chosen]
    if not np.array_equal(seen, expected):
        raise _failure(records[chosen], seen, expected, lanes)
    return {"words": depth, "bits": depth * lanes * _BITS, "patterns": len(records)}


def _run(bench: Bench, start: int, words: int) -> npt.NDArray[np.int8]:
    """Return the outputs of the records in some words."""
    geometry = bench.geometry
    groups, lanes = geometry.column_groups, geometry.requantise_lanes
    tiles = -(-words // groups)
    row_words = -(-words * lanes // geometry.rows)
    layer = Descriptor(
        source=0,
        source_end=0,
        origin=0,
        group_stride=0,
        window_stride=0,
        reduction=1,
        groups=1,
        tiles=tiles,
        weights=0,
        parameters=start,
        destination=0,
        row_words=row_words,
        pad=0,
        zero_point=0,
        act_min=-128,
        act_max=127,
        windows=1,
        last_steps=words - (tiles - 1) * groups,
        last=1,
    )
    return np.frombuffer(bench.run([layer], row_words), np.int8)[: words * lanes]


def _explanations(records: Bits, seen: npt.NDArray[np.int8]) -> list[str]:
    """List the bits that, if they are stuck, make a record's outputs what they are.

    Parameters
        records : bool [patterns, 72], written to one place
        seen : int8 [patterns], its outputs
    """
    named = []
    for bit in range(_BITS):
        field = [name for name, low in _FIELDS.items() if low <= bit][-1]
        for value in (False, True):
            stuck = records.copy()
            stuck[:, bit] = value
            if np.array_equal(record_outputs(stuck), seen):
                named.append(f"bit {bit - _FIELDS[field]} of its {field} is always {int(value)}")
    return named


def _failure(
    records: Bits, seen: npt.NDArray[np.int8], expected: npt.NDArray[np.int8], lanes: int
) -> SelftestError:
    """Say which records are wrong, and which bit of the first would explain it.

    Parameters
        records : bool [patterns, places, 72], written
        seen, expected : int8 [patterns, places], outputs
    """
    wrong = np.flatnonzero((seen != expected).any(axis=0))
    place = int(wrong[0])
    number = int(np.flatnonzero(seen[:, place] != expected[:, place])[0])
    word, lane = divmod(place, lanes)
    what = (
        f"parameter memory: {len(wrong)} of {seen.shape[1]} records give other outputs; the first "
        f"is word {word}, lane {lane}: expected {expected[number, place]}, got "
        f"{seen[number, place]}"
    )
    if 2 * len(wrong) > seen.shape[1]:
        return SelftestError(
            what,
            "most records, which single cells cannot explain: the requantise lane (its multiplier, "
            f"or timing), or the program memory's first words: {LOWER_CLOCK}",
        )
    named = _explanations(records[:, place], seen[:, place])
    if named:
        return SelftestError(
            what,
            f"{' or '.join(named)}: a defective block RAM cell, or a wire that synthesis lost; try "
            "another seed (`otus build BOARD --seeds N`), then another board",
        )
    return SelftestError(
        what,
        "no single bit explains it: an address of the parameter memory, or timing: " + LOWER_CLOCK,
    )
