"""The program memory: layers whose output shows the descriptor's own bits.

Programs are chains of one-word layers that fill the memory from each of eight offsets, so that
every word is each of a descriptor's eight words in turn. A layer's output is a word of the
activation memory or the padding value, as the descriptor's addresses say, plus its zero point,
clamped: patterns are chosen under which no bit of words 0 and 6 that the gateware reads can be
stuck unseen, and each word of the memory but the last is one of these in some chain. The last one
only ever holds what word 7 does: the counts of its loops show in the cycle counters.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...arch.descriptor import WORDS, Descriptor, address_bits
from ...arch.memory import Space
from ..errors import DriverError
from .bench import LOWER_CLOCK, Bench, Int8Array, Progress, SelftestError, unit_record
from .cover import cover

Int64Array = npt.NDArray[np.int64]

_SEED = 17
_CANDIDATES = 6_000

#: Activation words that the layers read; byte 0 of word n holds _data()[n].
_DATA_WORDS = 2

#: Most layers of one chain.
_CHAIN = 32

#: Fields that the patterns choose: addresses, of as many bits as the gateware reads, and bytes.
_ADDRESSES = ("source", "source_end", "origin")
_BYTES = ("pad", "zero_point", "act_min", "act_max")

Candidates = dict[str, Int64Array]


def _data() -> Int64Array:
    return np.array([21, -43], np.int64)


def outputs(fields: Candidates) -> tuple[Int64Array, npt.NDArray[np.bool_]]:
    """Compute a layer's output, and whether it is defined.

    Parameters
        fields : int64 [...] each, `origin` unsigned as the memory holds it
    """
    origin = fields["origin"]
    inside = (origin >= fields["source"]) & (origin < fields["source_end"])
    data = _data()
    value = np.where(inside, data[np.clip(origin, 0, _DATA_WORDS - 1)], fields["pad"])
    low, high = fields["act_min"], fields["act_max"]
    defined = (~inside | (origin < _DATA_WORDS)) & (low <= high)
    return np.clip(value + fields["zero_point"], low, np.maximum(low, high)), defined


def _flipped(fields: Candidates, width: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return each candidate's bits, and whether a change of each changes the output."""
    right, _ = outputs(fields)
    bits, shown = [], []
    for name in (*_ADDRESSES, *_BYTES):
        bits_of = 8 if name in _BYTES else width
        for bit in range(bits_of):
            stored = fields[name] & ((1 << bits_of) - 1)
            changed = stored ^ (1 << bit)
            if name in _BYTES:
                changed = ((changed + 128) & 255) - 128
            result, defined = outputs({**fields, name: changed})
            bits.append((stored >> bit) & 1 == 1)
            shown.append(defined & (result != right))
    return np.stack(bits, axis=1), np.stack(shown, axis=1)


@lru_cache(maxsize=4)
def patterns(width: int) -> Candidates:
    """Choose fields under which no bit of a descriptor's words 0 and 6 can be stuck unseen.

    Parameters
        width : bits of an address, arch.descriptor.address_bits of the geometry
    """
    rng = np.random.default_rng(_SEED)
    n = _CANDIDATES
    power = 1 << rng.integers(0, width, (3, n))
    near = rng.integers(0, _DATA_WORDS + 1, (3, n))
    address = np.where(rng.random((3, n)) < 0.5, near, power)
    low, high = np.sort(rng.integers(-128, 128, (2, n)), axis=0)
    wide = rng.random(n) < 0.6
    fields = {
        "source": address[0],
        "source_end": address[1],
        "origin": address[2],
        "pad": rng.integers(-128, 128, n),
        "zero_point": rng.integers(-128, 128, n),
        "act_min": np.where(wide, -128, low),
        "act_max": np.where(wide, 127, high),
    }
    _, defined = outputs(fields)
    fields = {name: values[defined] for name, values in fields.items()}
    chosen = cover(*_flipped(fields, width))
    return {name: values[chosen] for name, values in fields.items()}


def chains(depth: int, longest: int) -> list[range]:
    """Give the entries of the layers of each chain: a layer at every word that can start one.

    Parameters
        depth : words of the program memory
        longest : most layers of a chain
    """
    return [
        range(start, min(start + longest * WORDS, depth - WORDS + 1), WORDS)
        for offset in range(WORDS)
        for start in range(offset, depth - WORDS + 1, longest * WORDS)
    ]


def check_program(bench: Bench, progress: Progress) -> dict[str, int]:
    """Test every bit of every word of the program memory that a program can use.

    Returns
        figures: words, bits, patterns
    Raises
        SelftestError: outputs differ, and which words all the wrong layers have in common
    """
    geometry = bench.geometry
    fields = patterns(address_bits(geometry))
    count = len(fields["source"])
    expected, _ = outputs(fields)
    _prepare(bench)
    chain = min(_CHAIN, geometry.activation_words - _DATA_WORDS)
    depth = geometry.program_words
    entries = chains(depth, chain)
    suspects: set[int] | None = None
    wrong: list[int] = []
    for number in range(count):
        for done, layers in enumerate(entries):
            choice = (number + np.arange(len(layers))) % count
            windows = 1 + (1 << number % 8)
            chosen = [{name: int(values[c]) for name, values in fields.items()} for c in choice]
            try:
                seen = _run(bench, layers, chosen, windows)
            except DriverError as error:
                raise _stopped(error, layers) from error
            for layer in np.flatnonzero(seen != expected[choice]):
                word = layers[int(layer)]
                wrong.append(word)
                covered = set(range(word, word + WORDS))
                suspects = covered if suspects is None else suspects & covered
            progress(number * len(entries) + done + 1, count * len(entries))
    if wrong:
        raise _failure(wrong, suspects or set(), depth)
    return {"words": depth, "bits": depth * 32, "patterns": count}


def _prepare(bench: Bench) -> None:
    """Let the first output of a layer be byte 0 of the word it reads."""
    geometry = bench.geometry
    words = np.zeros((_DATA_WORDS, geometry.rows), np.int8)
    words[:, 0] = _data()
    bench.write(Space.ACTIVATION, 0, words.tobytes())
    weights = np.zeros((geometry.columns, geometry.rows), np.int8)
    weights[0, 0] = 1
    bench.write(Space.WEIGHT, 0, weights.tobytes())
    bench.write(Space.PARAMETER, 0, unit_record() * geometry.requantise_lanes)


def _run(bench: Bench, entries: range, fields: list[dict[str, int]], windows: int) -> Int8Array:
    """Run a chain of layers; return the first byte of each one's output."""
    descriptors = [
        Descriptor(
            source=each["source"],
            source_end=each["source_end"],
            origin=((each["origin"] + (1 << 15)) & 0xFFFF) - (1 << 15),
            group_stride=0,
            window_stride=0,
            reduction=1,
            groups=1,
            tiles=1,
            weights=0,
            parameters=0,
            destination=_DATA_WORDS + number,
            row_words=1,
            pad=each["pad"],
            zero_point=each["zero_point"],
            act_min=each["act_min"],
            act_max=each["act_max"],
            windows=windows if number == len(fields) - 1 else 1,
            last_steps=1,
            last=int(number == len(fields) - 1),
        )
        for number, each in enumerate(fields)
    ]
    data = bench.run(descriptors, len(fields), entry=entries[0])
    return np.frombuffer(data, np.int8).reshape(len(fields), -1)[:, 0]


def _stopped(error: DriverError, layers: range) -> SelftestError:
    what = error.what if isinstance(error, SelftestError) else str(error)
    return SelftestError(
        f"program memory: the chain of layers in words {layers[0]} to {layers[-1] + WORDS - 1}: "
        f"{what}",
        "shorter programs ran, so a bit in these words that steers the sequencer (a count, an "
        f"address, the last layer's mark): a defective block RAM cell, or timing: {LOWER_CLOCK}",
    )


def _failure(wrong: list[int], suspects: set[int], depth: int) -> SelftestError:
    what = (
        f"program memory: {len(wrong)} layers give other outputs; the first was at words "
        f"{wrong[0]} to {wrong[0] + WORDS - 1} of {depth}"
    )
    if suspects:
        words = ", ".join(map(str, sorted(suspects)))
        return SelftestError(
            what,
            f"all the wrong layers share program word {words}: a defective block RAM cell there; "
            "try another seed (`otus build BOARD --seeds N`), then another board",
        )
    return SelftestError(
        what,
        "no program word is common to them: the sequencer, padding or the clamp, or their timing: "
        + LOWER_CLOCK,
    )
