"""Random programs at the level of descriptors, for golden model and gateware alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ...arch import memory
from ...arch.descriptor import Descriptor
from ...arch.geometry import Geometry
from ...arch.memory import RECORD_BYTES, Record, Rounding, Space


@dataclass(frozen=True)
class RandomProgram:
    """Memory images of a program, and where its result lies."""

    geometry: Geometry
    descriptors: tuple[Descriptor, ...]
    images: dict[Space, bytes]
    result: tuple[int, int]
    """Activation words of the result: address, count."""
    origins: Mapping[Space, int] = field(default_factory=lambda: dict.fromkeys(Space, 0))
    """First word of each image."""

    def placed(self, origins: Mapping[Space, int]) -> "RandomProgram":
        """Move a program that starts at 0, so that several are resident side by side."""
        activation = origins[Space.ACTIVATION]
        descriptors = tuple(
            replace(
                d,
                source=d.source + activation,
                source_end=d.source_end + activation,
                origin=d.origin + activation,
                destination=d.destination + activation,
                weights=d.weights + origins[Space.WEIGHT],
                parameters=d.parameters + origins[Space.PARAMETER],
            )
            for d in self.descriptors
        )
        return replace(
            self,
            descriptors=descriptors,
            images={**self.images, Space.PROGRAM: b"".join(d.pack() for d in descriptors)},
            result=(self.result[0] + activation, self.result[1]),
            origins=origins,
        )

    @property
    def ends(self) -> dict[Space, int]:
        """One past the last word of each image."""
        return {
            space: self.origins[space] + len(image) // memory.word_bytes(space, self.geometry)
            for space, image in self.images.items()
        }


def random_program(geometry: Geometry, seed: int, layers: int = 3, size: int = 6) -> RandomProgram:
    """Chain `layers` random layers: kernels, strides, padding, pooling, any requantisation.

    Some are of images, with kernels of several lines; some go on with sums that others hold.
    """
    rng = np.random.default_rng(seed)
    rows, columns, lanes = geometry.rows, geometry.columns, geometry.requantise_lanes
    descriptors: list[Descriptor] = []
    weights: list[np.ndarray] = []
    parameters: list[bytes] = []
    weight_at = parameter_at = top = 0
    source, row_words = int(rng.integers(0, 4)), int(rng.integers(1, 4))
    length = int(rng.integers(2, 2 + size))
    for index in range(layers):
        last = index == layers - 1
        lines = int(rng.integers(1, min(length, 3) + 1)) if rng.random() < 0.5 else 1
        width = length // lines
        kernel = int(rng.integers(1, min(width, 4) + 1))
        pad, pad_after = (
            int(rng.integers(0, kernel)) if rng.random() < 0.4 else 0 for _ in range(2)
        )
        stride = int(rng.integers(1, 3))
        positions = (pad + width + pad_after - kernel) // stride + 1
        window = int(rng.integers(1, min(3, positions) + 1))
        pool_stride = int(rng.integers(1, window + 2))
        groups = (positions - window) // pool_stride + 1
        channels = int(rng.integers(1, 2 * columns + 2))
        holds = int(rng.integers(1, 3)) if rng.random() < 0.3 else 0
        if holds:
            # What the accumulators hold.
            window, groups = 1, min(groups, geometry.positions)
            channels = min(channels, columns)
        tiles = -(-channels // columns)
        last_steps = -(-(channels - (tiles - 1) * columns) // lanes)
        reduction = kernel * row_words
        channels = (tiles - 1) * columns + last_steps * lanes
        out_words = -(-channels // rows) + int(rng.integers(0, 2))
        destination = source + length * row_words + int(rng.integers(0, 3))
        below = source - groups * out_words
        if below >= 0 and rng.random() < 0.7:
            # Over what an earlier layer has left.
            destination = int(rng.integers(0, below + 1))
        top = max(top, source + length * row_words, destination + groups * out_words)
        gap = int(rng.integers(0, 3))
        word_stride, tile_stride = 1, 0
        if rng.random() < 0.3:
            # As in a depthwise convolution.
            word_stride, tile_stride = row_words, int(rng.integers(0, 3))
        for part in range(holds + 1):
            hold = part < holds
            d = Descriptor(
                source=source,
                source_end=source + width * row_words,
                origin=source - pad * row_words,
                group_stride=pool_stride * stride * row_words,
                window_stride=stride * row_words,
                reduction=reduction,
                groups=groups,
                tiles=tiles,
                weights=weight_at,
                parameters=parameter_at,
                destination=destination,
                row_words=out_words,
                pad=int(rng.integers(-128, 128)),
                zero_point=int(rng.integers(-128, 128)),
                act_min=int(rng.integers(-128, 0)),
                act_max=int(rng.integers(0, 128)),
                windows=window,
                last_steps=last_steps,
                lines=lines,
                resume=int(part > 0),
                hold=int(hold),
                last=int(last and not hold),
                line_stride=width * row_words,
                weight_gap=gap,
                word_stride=word_stride,
                tile_stride=tile_stride,
            )
            descriptors.append(d)
            taken = tiles * (lines * reduction + gap)
            weights.append(rng.integers(-128, 128, (taken, columns, rows), dtype=np.int8))
            weight_at += taken
        for _ in range(tiles * columns):
            shift = int(rng.integers(-12, 2))
            parameters.append(
                Record(
                    bias=int(rng.integers(-(1 << 14), 1 << 14)),
                    multiplier=int(rng.integers(1 << 30, 1 << 31)),
                    rounding=Rounding(int(rng.integers(0, 2))),
                    left=max(shift, 0),
                    right=max(-shift, 0),
                ).pack()
            )
        parameter_at += tiles * columns // lanes
        source, row_words, length = destination, out_words, groups
    assert len(parameters) * RECORD_BYTES == parameter_at * memory.word_bytes(
        Space.PARAMETER, geometry
    )
    images = {
        Space.ACTIVATION: rng.integers(-128, 128, (top, rows), dtype=np.int8).tobytes(),
        Space.WEIGHT: np.concatenate(weights).tobytes(),
        Space.PARAMETER: b"".join(parameters),
        Space.PROGRAM: b"".join(d.pack() for d in descriptors),
    }
    return RandomProgram(geometry, tuple(descriptors), images, (source, length * row_words))


def core_writes(program: RandomProgram) -> list[dict[str, int]]:
    """Break a program's images into the single writes that hw.core takes."""
    geometry = program.geometry
    writes = []
    for space, image in program.images.items():
        width = memory.word_bytes(space, geometry)
        columns = geometry.columns if space is Space.WEIGHT else 1
        part = width // columns
        for index, start in enumerate(range(0, len(image), part)):
            writes.append(
                {
                    "space": int(space),
                    "address": program.origins[space] + index // columns,
                    "column": index % columns,
                    "data": int.from_bytes(image[start : start + part], "little"),
                }
            )
    return writes
