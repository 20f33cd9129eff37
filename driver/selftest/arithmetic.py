"""Every multiplier of the array, and long sums, checked to the last bit of the accumulator.

An output has 8 bits, a sum up to 32. So each channel's bias is what is left between the sum that
must come out and a small random number: the output is that number, or the sum is wrong.
"""

import numpy as np
import numpy.typing as npt

from ...arch.descriptor import Descriptor
from ...arch.memory import Space
from .bench import LOWER_CLOCK, Bench, Int8Array, Progress, SelftestError, unit_record
from .memories import tiles_at_once

_SEED = 23

#: Operands at which multipliers differ from broken ones: extremes, signs, alternating bits.
_CORNERS = np.array([-128, 127, -1, 1, 85, -86, 64, 0], np.int8)

#: Layers of random words; then the largest and the smallest sum.
_RANDOM = 8
_EXTREMES = ((-128, -128), (-128, 127), (127, 127))


def check_multipliers(bench: Bench, progress: Progress) -> dict[str, int]:
    """Multiply corner values in one row at a time, in all columns and positions.

    Returns
        figures: multipliers, products
    Raises
        SelftestError: a sum differs: which row, columns and operands
    """
    geometry = bench.geometry
    tiles = min(len(_CORNERS), tiles_at_once(geometry, 1, geometry.positions))
    rng = np.random.default_rng(_SEED)
    total, products = geometry.rows * len(_CORNERS), 0
    # The weights of a column are the corners in turn, neighbours start at different ones.
    turn = np.add.outer(np.arange(len(_CORNERS)), np.arange(geometry.columns))
    turned = np.repeat(_CORNERS[turn % len(_CORNERS)][:, :, None], geometry.rows, axis=2)
    for at in range(0, len(_CORNERS), tiles):
        weights = turned[at : at + tiles]
        bench.write(Space.WEIGHT, 0, weights.tobytes())
        for row in range(geometry.rows):
            for number, value in enumerate(_CORNERS):
                word = np.zeros((1, geometry.rows), np.int8)
                word[0, row] = value
                wrong = _wrong(bench, word, weights[:, None], 0, geometry.positions, rng)
                products += wrong.size
                if wrong.any():
                    raise _multiplier_failure(bench, wrong, row, int(value), weights)
                progress(row * len(_CORNERS) + number + 1, total)
    return {"multipliers": geometry.macs_per_cycle, "products": products}


def check_sums(bench: Bench, progress: Progress) -> dict[str, int]:
    """Accumulate long reductions of random and of extreme words, with padding on both sides.

    Returns
        figures: sums, largest
    Raises
        SelftestError: a sum differs: which columns
    """
    geometry = bench.geometry
    rng = np.random.default_rng(_SEED)
    safe = (1 << geometry.accumulator_bits - 1) // (geometry.rows << 14)
    room = geometry.activation_words - geometry.positions * -(-geometry.columns // geometry.rows)
    reduction = max(1, min(geometry.weight_words, room - 2, safe - 1, 256))
    sums = largest = 0
    for number in range(_RANDOM + len(_EXTREMES)):
        words = np.zeros((reduction, geometry.rows), np.int8)
        weights = np.zeros((1, reduction, geometry.columns, geometry.rows), np.int8)
        if number < _RANDOM:
            words[:] = rng.integers(-128, 128, words.shape)
            weights[:] = rng.integers(-128, 128, weights.shape)
            pad = int(rng.integers(-128, 128))
            words[0] = words[-1] = pad
        else:
            pad, weight = _EXTREMES[number - _RANDOM]
            words[:], weights[:] = pad, weight
        bench.write(Space.WEIGHT, 0, weights.tobytes())
        wrong = _wrong(bench, words[1:-1], weights, pad, geometry.positions, rng)
        if wrong.any():
            raise _sum_failure(wrong, reduction)
        sums += wrong.size
        largest = max(largest, int(abs(np.einsum("kr,tkcr->tc", words.astype(int), weights)).max()))
        progress(number + 1, _RANDOM + len(_EXTREMES))
    return {"sums": sums, "largest": largest}


def _wrong(
    bench: Bench,
    words: Int8Array,
    weights: Int8Array,
    pad: int,
    groups: int,
    rng: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Run one layer; tell which outputs differ: bool [groups, tiles, columns].

    Parameters
        words : int8 [k, rows], the input; padding goes around it where the reduction is longer
        weights : int8 [tiles, reduction, columns, rows], written already
        groups : output rows, all over the same input
    """
    geometry = bench.geometry
    tiles, reduction, columns, rows = weights.shape
    around = (reduction - len(words)) // 2
    padded = np.full((reduction, rows), pad, np.int64)
    padded[around : around + len(words)] = words
    sums = np.einsum("kr,tkcr->tc", padded, weights.astype(np.int64))
    expected = rng.integers(-128, 128, sums.shape)
    records = b"".join(unit_record(int(bias)) for bias in (expected - sums).ravel())
    bench.write(Space.PARAMETER, 0, records)
    bench.write(Space.ACTIVATION, around, words.tobytes())
    row_words = -(-tiles * columns // rows)
    layer = Descriptor(
        source=around,
        source_end=around + len(words),
        origin=0,
        group_stride=0,
        window_stride=0,
        reduction=reduction,
        groups=groups,
        tiles=tiles,
        weights=0,
        parameters=0,
        destination=around + len(words),
        row_words=row_words,
        pad=pad,
        zero_point=0,
        act_min=-128,
        act_max=127,
        windows=1,
        last_steps=geometry.column_groups,
        last=1,
    )
    data = bench.run([layer], groups * row_words)
    found = np.frombuffer(data, np.int8).reshape(groups, -1)[:, : tiles * columns]
    return np.asarray(found.reshape(groups, tiles, columns) != expected)


def _multiplier_failure(
    bench: Bench, wrong: npt.NDArray[np.bool_], row: int, value: int, weights: Int8Array
) -> SelftestError:
    group, tile, column = (int(place) for place in np.argwhere(wrong)[0])
    columns = np.flatnonzero(wrong.any(axis=(0, 1)))
    named = ", ".join(map(str, columns[:8])) + (", ..." if len(columns) > 8 else "")
    weight = int(weights[tile, column, row])
    position = f", position {group}" if bench.geometry.positions > 1 else ""
    what = (
        f"multiplier: row {row}, column {column}{position}: {value} x {weight} is not "
        f"{value * weight}; wrong columns in this row: {named}"
    )
    if len(columns) == bench.geometry.columns:
        return SelftestError(
            what,
            f"all columns at once: the activation's path to row {row}, or timing: {LOWER_CLOCK}",
        )
    return SelftestError(
        what,
        "weights and activations passed, so the multiplier itself: a DSP block that synthesis has "
        f"changed (build again: the build checks DSP parameters), or its timing: {LOWER_CLOCK}",
    )


def _sum_failure(wrong: npt.NDArray[np.bool_], reduction: int) -> SelftestError:
    columns = np.flatnonzero(wrong.any(axis=(0, 1)))
    return SelftestError(
        f"accumulator: sums of {reduction} words differ in columns {', '.join(map(str, columns))}",
        "single products are right, so adders or accumulators: timing at full activity, or a "
        f"supply that drops under load: {LOWER_CLOCK}, and try another USB port or cable",
    )
