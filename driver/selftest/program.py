"""The program memory: layers whose output shows the descriptor's own bits.

Programs are chains of small layers that fill the memory from each of ten offsets, so that every
word is each of a descriptor's ten words in turn. A layer sums up to four known activations or
padding values, at known weights, adds a known bias and its zero point, and is clamped: patterns are
chosen under which no bit of the addresses, strides and bytes that the gateware reads in words 0, 4,
6, 8 and 9 and of `origin` can be stuck unseen. The two highest bits of `line_stride` are no such
bits: no two lines of data are so far apart.

So every bit of every memory word that a program can use is shown in both values, but for two sorts.
Counts of tiles that no activation address can reach, in word 3, are always 0; and so are, in the
last word that holds any, the flags but `last`, which is always 1: a bit that is stuck at the other
value changes outputs, or the program never ends. In that word windows and last steps take every
value of each bit, which shows in the cycle counters.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ...arch.descriptor import FIELD, WORDS, Descriptor, address_bits, used_bits
from ...arch.geometry import Geometry
from ...arch.memory import Space
from ..errors import DriverError
from .bench import LOWER_CLOCK, REPLY_BYTES, Bench, Progress, SelftestError, unit_record
from .cover import cover

Int64Array = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_SEED = 17
_CANDIDATES = 10_000

#: Most layers of one chain.
_CHAIN = 32

#: Words that are known from a power of two on: more than a small layer reads.
_KNOWN = 8

#: Fields whose bits the patterns show; of those of a kind that the gateware reads.
_SHOWN = (
    *("source", "source_end", "origin", "weights", "parameters"),
    *("pad", "zero_point", "act_min", "act_max"),
    *("line_stride", "weight_gap", "word_stride", "tile_stride"),
)

Candidates = dict[str, Int64Array]


class Model:
    """What the memories hold, and what a layer makes of it: the first channel of its last tile.

    Parameters
        geometry : of the device
    """

    def __init__(self, geometry: Geometry) -> None:
        rng = np.random.default_rng(_SEED)
        self.geometry = geometry
        #: Tiles from which on `tile_stride` counts, and words of a layer's output.
        self.tiles = geometry.tiles_per_word + 1
        self.size = -(-self.tiles * geometry.columns // geometry.rows)
        #: Byte 0 of each activation word up to those from a power of two on; then come outputs.
        half = 1 << (geometry.activation_words // 2).bit_length() - 1
        words = min(half + _KNOWN, geometry.activation_words - self.size)
        self.data = rng.integers(-40, 41, words)
        #: First row of the first column in each weight word, and the words in which it is known.
        words = geometry.weight_words
        self.weights = rng.choice([-2, -1, 1, 2], words)
        powers = np.append(0, 1 << np.arange((words - 1).bit_length()))
        self.known = np.zeros(words, bool)
        self.known[np.minimum(powers[:, None] + np.arange(_KNOWN), words - 1)] = True
        #: Of the first lane of each parameter word.
        self.biases = rng.integers(-40, 41, geometry.parameter_words)
        #: Layers whose outputs have room, and come in one reply.
        room = min(geometry.activation_words - len(self.data), REPLY_BYTES // geometry.rows)
        self.longest = min(_CHAIN, room // self.size)

    def outputs(self, fields: Candidates) -> tuple[Int64Array, Bools]:
        """Compute a layer's output, and whether it is defined.

        Parameters
            fields : int64 [n] each
        """
        geometry, f = self.geometry, fields
        last, under = f["tiles"] - 1, f["lines"] * f["reduction"]
        shift = (f["lines"] - 1) * f["line_stride"]
        highest = f["origin"] + shift + (f["reduction"] - 1) * f["word_stride"]
        highest = highest + last // geometry.tiles_per_word * f["tile_stride"]
        span = np.maximum(highest, f["source_end"] + shift) - np.minimum(f["origin"], 0)
        kept = f["weights"] + last * (under + f["weight_gap"])
        record = f["parameters"] + last * geometry.column_groups
        defined = (span < 1 << address_bits(geometry)) & (f["act_min"] <= f["act_max"])
        defined &= record < geometry.parameter_words
        total = self.biases[np.minimum(record, geometry.parameter_words - 1)] + f["zero_point"]
        for line, word, tile in np.ndindex(2, 2, 2):
            used = (line < f["lines"]) & (word < f["reduction"])
            address = f["origin"] + word * f["word_stride"]
            address = address + tile * (last // geometry.tiles_per_word) * f["tile_stride"]
            padded = (address < f["source"]) | (address >= f["source_end"])
            address = np.where(padded, 0, address + line * f["line_stride"])
            defined &= ~used | (address < len(self.data))
            if tile == 1:
                at = kept + line * f["reduction"] + word
                defined &= ~used | (at < len(self.weights))
                at = np.minimum(at, len(self.weights) - 1)
                defined &= ~used | self.known[at]
                value = np.where(padded, f["pad"], self.data[address.clip(max=len(self.data) - 1)])
                total = total + used * value * self.weights[at]
        return np.clip(total, f["act_min"], np.maximum(f["act_min"], f["act_max"])), defined

    def flipped(self, fields: Candidates) -> tuple[Bools, Bools]:
        """Return each candidate's bits, and whether a change of each changes the output."""
        right, _ = self.outputs(fields)
        bits, shown = [], []
        for name in _SHOWN:
            field = FIELD[name]
            used = used_bits(field, self.geometry)
            for bit in range(used):
                stored = fields[name] & ((1 << used) - 1)
                changed = (
                    _signed(stored ^ (1 << bit), used) if field.signed else stored ^ (1 << bit)
                )
                result, defined = self.outputs({**fields, name: changed})
                bits.append((stored >> bit) & 1 == 1)
                shown.append(defined & (result != right))
        return np.stack(bits, axis=1), np.stack(shown, axis=1)

    def write(self, bench: Bench) -> None:
        """Fill the memories of a device."""
        geometry = self.geometry
        words = np.zeros((len(self.data), geometry.rows), np.int8)
        words[:, 0] = self.data
        bench.write(Space.ACTIVATION, 0, words.tobytes())
        for at in np.flatnonzero(self.known):
            word = np.zeros((geometry.columns, geometry.rows), np.int8)
            word[0, 0] = self.weights[at]
            bench.write(Space.WEIGHT, int(at), word.tobytes())
        records = (unit_record(int(bias)) * geometry.requantise_lanes for bias in self.biases)
        bench.write(Space.PARAMETER, 0, b"".join(records))


def _signed(values: Int64Array, bits: int) -> Int64Array:
    half = 1 << bits - 1
    return ((values + half) & (2 * half - 1)) - half


def _candidates(model: Model) -> Candidates:
    """Draw fields at random: small numbers, powers of two, and what meets them."""
    rng = np.random.default_rng(_SEED)
    geometry, n = model.geometry, _CANDIDATES

    def either(bits: int) -> Int64Array:
        near, power = rng.integers(0, 4, n), 1 << rng.integers(0, bits, n)
        return np.where(rng.random(n) < 0.5, near, power)

    width = address_bits(geometry)
    line_stride, word_stride, tile_stride = (either(width) for _ in range(3))
    # Padding before the first word, where a stride leads to data.
    before = rng.choice([0, 0, 1], n) * np.where(rng.random(n) < 0.5, word_stride, tile_stride)
    low, high = np.sort(rng.integers(-128, 128, (2, n)), axis=0)
    wide = rng.random(n) < 0.6
    fields = {
        "source": either(width),
        "source_end": either(width),
        "origin": _signed(either(width) - before, width),
        "reduction": rng.integers(1, 3, n),
        "lines": rng.integers(1, 3, n),
        "tiles": rng.choice([1, 2, model.tiles], n),
        "weights": either((geometry.weight_words - 1).bit_length()),
        "parameters": either((geometry.parameter_words - 1).bit_length()),
        "pad": rng.integers(-128, 128, n),
        "zero_point": rng.integers(-128, 128, n),
        "act_min": np.where(wide, -128, low),
        "act_max": np.where(wide, 127, high),
        "line_stride": line_stride,
        "weight_gap": either((geometry.weight_words - 1).bit_length()),
        "word_stride": np.maximum(word_stride, 1),
        "tile_stride": tile_stride,
    }
    _, defined = model.outputs(fields)
    return {name: values[defined] for name, values in fields.items()}


@lru_cache(maxsize=4)
def patterns(geometry: Geometry) -> Candidates:
    """Choose layers under which no bit of the fields in _SHOWN can be stuck unseen."""
    model = Model(geometry)
    fields = _candidates(model)
    chosen = cover(*model.flipped(fields))
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
    model, fields = Model(bench.geometry), patterns(bench.geometry)
    count = len(fields["source"])
    expected, _ = model.outputs(fields)
    model.write(bench)
    depth = bench.geometry.program_words
    entries = chains(depth, model.longest)
    suspects: set[int] | None = None
    wrong: list[int] = []
    for number in range(count):
        for done, layers in enumerate(entries):
            choice = (number + np.arange(len(layers))) % count
            chosen = [{name: int(values[c]) for name, values in fields.items()} for c in choice]
            try:
                seen = _run(bench, model, layers, chosen, number)
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


def _run(
    bench: Bench, model: Model, entries: range, fields: list[dict[str, int]], number: int
) -> Int64Array:
    """Run a chain of layers; return what the model computes of each.

    Parameters
        number : of the bit that is 1 in the last layer's windows and last steps
    """
    steps = bench.geometry.column_groups - 1
    windows, last_steps = 1 << number % 8, 1 << number % max(1, steps.bit_length())
    ends = [number == len(fields) - 1 for number in range(len(fields))]
    descriptors = [
        Descriptor(
            **each,
            group_stride=0,
            window_stride=0,
            groups=1,
            destination=len(model.data) + number * model.size,
            row_words=model.size,
            windows=1 + windows * end,
            last_steps=1 + min(last_steps, steps) * end,
            last=int(end),
        )
        for number, (each, end) in enumerate(zip(fields, ends, strict=True))
    ]
    data = bench.run(descriptors, len(fields) * model.size, entry=entries[0])
    outputs = np.frombuffer(data, np.int8).reshape(len(fields), -1)
    channels = [(each["tiles"] - 1) * bench.geometry.columns for each in fields]
    return outputs[np.arange(len(fields)), channels].astype(np.int64)


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
