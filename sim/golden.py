"""The golden model: what the accelerator computes, at the level of its memories.

It executes the same program image as the gateware, written and read through the same spaces, and
imports the contract and numpy only. Activations carry a leading batch axis, so that one run serves
many frames. It counts no cycles: arch.timing does.

Numbers follow arch.memory.Record; the rounding schemes are those of gemmlowp's fixedpoint.h
(SaturatingRoundingDoublingHighMul, RoundingDivideByPOT) and of the single-rounding variant of
MultiplyByQuantizedMultiplier in TensorFlow Lite (kernels/internal/common.h).
"""

import numpy as np
import numpy.typing as npt

from ..arch import memory
from ..arch.descriptor import WORDS, Descriptor
from ..arch.errors import ContractError
from ..arch.geometry import Geometry
from ..arch.memory import LEFT_MAX, RECORD_BYTES, RIGHT_MAX, Rounding, Space

#: Layers after which a program without `last` is taken for one that never ends.
_LAYERS_MAX = 4096


def wrap(value: npt.NDArray[np.int64], bits: int) -> npt.NDArray[np.int64]:
    """Reduce to `bits` in two's complement, as a register of that width does."""
    half = np.int64(1) << (bits - 1)
    return ((value + half) & ((np.int64(1) << bits) - 1)) - half


def requantise(
    accumulator: npt.NDArray[np.int64],
    bias: npt.NDArray[np.int64],
    multiplier: npt.NDArray[np.int64],
    rounding: npt.NDArray[np.int64],
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Scale accumulators to the output's scale, before its zero point and clamp.

    Parameters
        accumulator : int64 [..., channels], holding int32 values
        bias, multiplier, rounding, left, right : int64 [channels], the fields of Record
    Returns
        int64 [..., channels]
    Source: arch.memory.Record
    """
    x = wrap(wrap(accumulator + bias, 32) << left, 32)
    product = x * multiplier
    half = np.where(right > 0, np.int64(1) << np.maximum(right - 1, 0), 0)
    doubled = (product + (1 << 30)) >> 31
    twice = (doubled + half - ((doubled < 0) & (right > 0))) >> right
    once = (product + (np.int64(1) << (30 + right))) >> (31 + right)
    return np.where(rounding == Rounding.SINGLE, once, twice)


class Machine:
    """The accelerator's memories, and what a run does to them.

    Parameters
        geometry : of the accelerator
        batch : frames that one run computes side by side
    """

    def __init__(self, geometry: Geometry, batch: int = 1) -> None:
        self.geometry = geometry
        self.batch = batch
        self._activations = np.zeros(
            (batch, geometry.activation_words, geometry.rows), dtype=np.int8
        )
        self._memories = {
            space: np.zeros(
                (memory.depth(space, geometry), memory.word_bytes(space, geometry)), "u1"
            )
            for space in (Space.WEIGHT, Space.PARAMETER, Space.PROGRAM)
        }
        #: Sums that a layer with `hold` has left: int64 [batch, groups, windows, channels].
        self._held = np.zeros((batch, 0, 0, 0), np.int64)

    def write(self, space: Space, address: int, data: bytes) -> None:
        """Write whole words; activations are written to every frame of the batch.

        Raises
            ContractError: part of a word, or past the end of the space
        """
        width = memory.word_bytes(space, self.geometry)
        if len(data) % width:
            raise ContractError(
                f"{space.name}: got {len(data)} bytes, expected a multiple of {width}"
            )
        words = np.frombuffer(data, "u1").reshape(-1, width)
        self._check(space, address, len(words))
        if space is Space.ACTIVATION:
            self._activations[:, address : address + len(words)] = words.view(np.int8)
        else:
            self._memories[space][address : address + len(words)] = words

    def read(self, space: Space, address: int, count: int) -> bytes:
        """Read words; activations of the first frame.

        Raises
            ContractError: past the end of the space
        """
        self._check(space, address, count)
        if space is Space.ACTIVATION:
            return self._activations[0, address : address + count].tobytes()
        return self._memories[space][address : address + count].tobytes()

    def write_activations(self, address: int, words: npt.NDArray[np.int8]) -> None:
        """Write int8 [batch, words, rows] from `address` on."""
        self._check(Space.ACTIVATION, address, words.shape[1])
        self._activations[:, address : address + words.shape[1]] = words

    def read_activations(self, address: int, count: int) -> npt.NDArray[np.int8]:
        """Read int8 [batch, count, rows] from `address` on."""
        self._check(Space.ACTIVATION, address, count)
        return self._activations[:, address : address + count].copy()

    def run(self, entry: int) -> None:
        """Execute the layers from program word `entry` to the one marked last.

        Raises
            ContractError: a layer that reaches past a memory, or a program that never ends
        """
        for layer in range(_LAYERS_MAX):
            descriptor = Descriptor.unpack(self.read(Space.PROGRAM, entry + layer * WORDS, WORDS))
            self._layer(descriptor)
            if descriptor.last:
                return
        raise ContractError(f"program at {entry}: no layer is marked last")

    def _check(self, space: Space, address: int, count: int) -> None:
        deep = memory.depth(space, self.geometry)
        if address < 0 or address + count > deep:
            raise ContractError(
                f"{space.name}: got words {address} to {address + count - 1}, allowed is 0 to "
                f"{deep - 1}"
            )

    def _layer(self, d: Descriptor) -> None:
        geometry = self.geometry
        if d.last_steps > geometry.column_groups:
            raise ContractError(
                f"descriptor.last_steps: got {d.last_steps}, allowed is up to "
                f"{geometry.column_groups} on {geometry.name}"
            )
        accumulators = self._accumulate(d)
        if d.hold:
            self._held = accumulators
            return
        channels = (d.tiles - 1) * geometry.columns + d.last_steps * geometry.requantise_lanes
        pooled = accumulators.max(axis=2)[..., :channels]
        scaled = requantise(pooled, *self._records(d, channels))
        outputs = np.clip(scaled + d.zero_point, d.act_min, d.act_max).astype(np.int8)
        row_bytes = d.row_words * geometry.rows
        last_byte = d.destination * geometry.rows + (d.groups - 1) * row_bytes + channels - 1
        self._check(Space.ACTIVATION, d.destination, last_byte // geometry.rows - d.destination + 1)
        flat = self._activations.reshape(self.batch, -1)
        for group in range(d.groups):
            start = d.destination * geometry.rows + group * row_bytes
            flat[:, start : start + channels] = outputs[:, group]

    def _accumulate(self, d: Descriptor) -> npt.NDArray[np.int64]:
        """Sum products: int64 [batch, groups, windows, channels], wrapped to accumulator_bits."""
        geometry = self.geometry
        under = d.lines * d.reduction  # words under the kernel
        pitch = under + d.weight_gap
        self._check(Space.WEIGHT, d.weights, (d.tiles - 1) * pitch + under)
        tile = np.arange(d.tiles if d.tile_stride else 1) // geometry.tiles_per_word
        line, word = np.divmod(np.arange(under), d.reduction)
        address = (
            d.origin
            + d.tile_stride * tile[:, None, None, None]
            + d.group_stride * np.arange(d.groups)[:, None, None]
            + d.window_stride * np.arange(d.windows)[:, None]
            + d.line_stride * line
            + d.word_stride * word
        )
        shift = d.line_stride * line
        padded = (address < d.source + shift) | (address >= d.source_end + shift)
        if not padded.all():
            inside = address[~padded]
            self._check(Space.ACTIVATION, int(inside.min()), int(inside.max() - inside.min()) + 1)
        words = self._activations[:, np.where(padded, 0, address)]
        words[:, padded] = d.pad
        kept = d.weights + pitch * np.arange(d.tiles)[:, None] + np.arange(under)
        weights = self._memories[Space.WEIGHT][kept].view(np.int8)
        # Tiles that read the same words are one matrix.
        own = len(address)
        matrices = weights.reshape(own, -1, under, geometry.columns, geometry.rows)
        matrices = matrices.transpose(0, 2, 4, 1, 3).reshape(own, under * geometry.rows, -1)
        vectors = np.moveaxis(words, 1, 0).reshape(own, -1, under * geometry.rows)
        # Products and sums of int8 stay far below 2^53: float64 is exact, and fast.
        products = vectors.astype(np.float64) @ matrices.astype(np.float64)
        sums = np.moveaxis(products.astype(np.int64), 0, 1).reshape(
            self.batch, d.groups, d.windows, d.tiles * geometry.columns
        )
        if d.resume:
            if self._held.shape != sums.shape:
                raise ContractError("descriptor.resume: the layer before left no sums like these")
            sums += self._held
        return wrap(sums, geometry.accumulator_bits)

    def _records(self, d: Descriptor, channels: int) -> tuple[npt.NDArray[np.int64], ...]:
        """Unpack bias, multiplier, rounding, left and right of each channel."""
        lanes = self.geometry.requantise_lanes
        count = -(-channels // lanes)
        self._check(Space.PARAMETER, d.parameters, count)
        raw = self._memories[Space.PARAMETER][d.parameters : d.parameters + count]
        raw = raw.reshape(-1, RECORD_BYTES)[:channels]
        bias = raw[:, 0:4].copy().view("<i4").astype(np.int64)[:, 0]
        second = raw[:, 4:8].copy().view("<u4").astype(np.int64)[:, 0]
        shift = raw[:, 8].astype(np.int64)
        return bias, second & 0x7FFFFFFF, second >> 31, shift & LEFT_MAX, shift >> 3 & RIGHT_MAX
