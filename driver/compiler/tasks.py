"""A layer to be streamed: its words, and the bands of its output that fit on chip."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import lcm
from typing import NamedTuple

import numpy as np

from ...arch.geometry import Geometry
from ...arch.memory import Space, word_bytes
from .errors import ModelError
from .graph import Layer
from .lower import record_words, row_words, weight_words
from .program import Transfer


class Band(NamedTuple):
    """Output rows (of a signal) or lines (of an image) that are computed from what is on chip."""

    first: int
    end: int


@dataclass(frozen=True, eq=False)
class Task:
    """A layer, and what of it the memories hold at a time."""

    index: int
    layer: Layer
    geometry: Geometry

    @cached_property
    def weights(self) -> np.ndarray:
        """Weight words as bytes: uint8 [tiles, words of the reduction, bytes]."""
        g = self.geometry
        data = np.frombuffer(weight_words(self.layer, g), np.uint8)
        return data.reshape(self.tiles, -1, g.rows * g.columns)

    @cached_property
    def records(self) -> np.ndarray:
        """Parameter words as bytes: uint8 [sets, words of all channels, bytes]."""
        width = word_bytes(Space.PARAMETER, self.geometry)
        words = -(-self.layer.result.channels // self.geometry.requantise_lanes)
        data = np.frombuffer(record_words(self.layer, self.geometry), np.uint8)
        return data.reshape(-1, words, width)

    @property
    def tiles(self) -> int:
        """Groups of output channels that the array computes at a time."""
        return -(-self.layer.result.channels // self.geometry.columns)

    @property
    def under(self) -> int:
        """Words of a tile's reduction."""
        return int(self.weights.shape[1])

    @property
    def size(self) -> dict[Space, int]:
        """Words of the whole layer."""
        return {
            Space.WEIGHT: self.tiles * self.under,
            Space.PARAMETER: self.records.shape[0] * self.records.shape[1],
        }

    @property
    def aligned(self) -> int:
        """Tiles that begin and end at whole activation words."""
        return lcm(self.geometry.rows, self.geometry.columns) // self.geometry.columns

    @property
    def least(self) -> dict[Space, int]:
        """Words of the fewest tiles that a step can compute."""
        tiles = min(self.tiles, self.aligned)
        return {
            Space.WEIGHT: tiles * self.under,
            Space.PARAMETER: tiles * self.records.shape[0] * self.geometry.column_groups,
        }

    @property
    def image(self) -> bool:
        """Whether it is computed line by line."""
        return self.layer.source.lines > 1 or self.layer.result.lines > 1

    @property
    def source_width(self) -> int:
        """Activation words of a row, or of a line of an image."""
        words = row_words(self.layer.source, self.geometry)
        return words * (self.layer.source.time if self.image else 1)

    @property
    def result_width(self) -> int:
        """Activation words of an output row, or of a line of an image."""
        words = row_words(self.layer.result, self.geometry)
        return words * (self.layer.result.time if self.image else 1)

    @property
    def all(self) -> Band:
        """The whole output."""
        return Band(0, self.layer.result.lines if self.image else self.layer.result.time)

    def needed(self, band: Band) -> Band:
        """Rows or lines of the source that a band is computed from."""
        layer, down = self.layer, self.layer.down
        if self.image:
            step, pad, extent = down.step * down.stride, down.pad, down.kernel
            extent += (down.windows - 1) * down.stride
            total = layer.source.lines
        else:
            step, pad, extent = layer.step * layer.stride, layer.pad, layer.kernel
            extent += (layer.windows - 1) * layer.stride
            total = layer.source.time
        first, end = band.first * step - pad, (band.end - 1) * step - pad + extent
        return Band(max(0, first), min(total, end))

    def words(self, band: Band) -> tuple[int, int]:
        """Activation words of what a band reads and writes."""
        needed = self.needed(band)
        read = (needed.end - needed.first) * self.source_width
        return read, (band.end - band.first) * self.result_width

    def source(self, band: Band, address: int) -> Transfer:
        """Move what a band is computed from."""
        needed = self.needed(band)
        return Transfer(self.index, needed.first * self.source_width, self.words(band)[0], address)

    def result(self, band: Band, address: int) -> Transfer:
        """Move what a band makes."""
        return Transfer(
            self.index + 1, band.first * self.result_width, self.words(band)[1], address
        )

    def fits(self, band: Band) -> bool:
        """Whether the activation buffer holds a band and what is under it."""
        return sum(self.words(band)) <= self.geometry.activation_words

    def bands(self) -> Iterator[Band]:
        """Cut the output into the largest bands that fit."""
        first = 0
        while first < self.all.end:
            end = first + 1
            if not self.fits(Band(first, end)):
                need = sum(self.words(Band(first, end)))
                raise ModelError(
                    f"{self.layer.where}: one {'line' if self.image else 'row'} of its output, "
                    f"with the input under it, takes {need} activation words, geometry "
                    f"{self.geometry.name} has {self.geometry.activation_words}; use a geometry "
                    f"with activation_words={need}"
                )
            while end < self.all.end and self.fits(Band(first, end + 1)):
                end += 1
            yield Band(first, end)
            first = end
