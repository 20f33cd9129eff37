"""A compiled model: memory images, entry points, and the two ends of the host's side."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...arch.descriptor import Descriptor
from ...arch.geometry import Geometry
from ...arch.memory import Space
from ...arch.timing import Prediction, predict
from .graph import Int8Array, Layer, Shape, Tail
from .quantise import Oracle
from .rounding import quantise_real
from .tail import finish


@dataclass(frozen=True)
class TensorSpec:
    """A tensor at the model's edge: real = scale * (int8 - zero_point); axis 0 is the batch."""

    name: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int
    dtype: str = "int8"

    def quantise(self, values: npt.NDArray[np.floating]) -> Int8Array:
        """Quantise as the QUANTIZE operator does: in float32, ties away from zero.

        Parameters
            values : finite, any shape
        Returns
            int8, the same shape; what int8 cannot hold is saturated
        """
        return quantise_real(values, self.scale, self.zero_point, np.int8)

    def dequantise(self, values: Int8Array) -> npt.NDArray[np.float32]:
        """Return the real values, float32 of the same shape."""
        real: npt.NDArray[np.float32] = values.astype(np.float32) - np.float32(self.zero_point)
        return real * np.float32(self.scale)


class Image(NamedTuple):
    """Bytes to write into a memory before the first run: whole words from `address` on."""

    space: Space
    address: int
    data: bytes


class Entry(NamedTuple):
    """Where one copy of the program starts, and where its input and output are (words)."""

    address: int
    input: int
    output: int


class Transfer(NamedTuple):
    """Words of a tensor, and where they lie in the activation buffer."""

    #: 0 is the model's input, i the result of layer i - 1.
    tensor: int
    first: int
    words: int
    address: int

    @property
    def slice(self) -> slice:
        """The words within the tensor."""
        return slice(self.first, self.first + self.words)


@dataclass(frozen=True, eq=False)
class Step:
    """A program of a streamed model, and what moves before and after it.

    Parameters
        layer : number of the layer that it computes a part of
        images : weights, records and program words that it needs
        entry : its first program word
        descriptors : the last one says `more` where nothing is read after it
        inputs, outputs : activations from and to the host
    """

    layer: int
    images: tuple[Image, ...]
    entry: int
    descriptors: tuple[Descriptor, ...]
    inputs: Transfer | None
    outputs: Transfer | None


class Extent(NamedTuple):
    """First word and number of words that a model uses in a memory."""

    address: int
    words: int

    @property
    def end(self) -> int:
        """One past the last word."""
        return self.address + self.words


@dataclass(frozen=True, eq=False)
class Program:
    """A model compiled for one geometry, at fixed places in its memories.

    There are two entry points: the next input is written while the other one runs.

    Parameters
        input : the model's input
        logits : what the accelerator computes
        output : the model's output, after the tail
        layers, descriptors : the layers, and for each entry their descriptors
        rows_in, rows_out : the input and the logits as rows of channels
        weights, parameters : contents of the two memories
        extents : words used in each memory
        steps : of a model that exceeds the memories: what the driver streams. There are no
            entries then, and all of each memory is used
    """

    geometry: Geometry
    oracle: Oracle
    input: TensorSpec
    logits: TensorSpec
    output: TensorSpec
    tail: Tail | None
    layers: tuple[Layer, ...]
    descriptors: tuple[tuple[Descriptor, ...], ...]
    entries: tuple[Entry, ...]
    rows_in: Shape
    rows_out: Shape
    weights: bytes
    parameters: bytes
    extents: dict[Space, Extent]
    steps: tuple[Step, ...] = ()

    @property
    def input_words(self) -> int:
        """Activation words of one input."""
        return self.rows_in.rows * self._row_words(self.rows_in)

    @property
    def output_words(self) -> int:
        """Activation words of one output."""
        return self.rows_out.rows * self._row_words(self.rows_out)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the model."""
        return sum(layer.macs for layer in self.layers)

    @property
    def performed(self) -> int:
        """Multiply-accumulates that are carried out: positions that pooling drops are not."""
        return sum(layer.performed for layer in self.layers)

    @property
    def prediction(self) -> Prediction:
        """Cycles of one inference, as the hardware's counters will report them.

        Of a streamed model: without what it waits for the link.
        """
        parts = [predict(d, self.geometry) for d in self.schedules]
        return Prediction(
            tuple(layer for part in parts for layer in part.layers), sum(p.tail for p in parts)
        )

    @property
    def layer_cycles(self) -> tuple[int, ...]:
        """Cycles of each layer, without the tails of programs."""
        totals = [0] * len(self.layers)
        cycles = iter(self.prediction.layers)
        for layer, count in self._counts():
            totals[layer] += sum(next(cycles).total for _ in range(count))
        return tuple(totals)

    def _counts(self) -> Iterator[tuple[int, int]]:
        """Layer and number of descriptors of each stretch of descriptors, in order."""
        if self.steps:
            yield from ((step.layer, len(step.descriptors)) for step in self.steps)
        else:
            lines = (layer.flattened().result.lines for layer in self.layers)
            yield from enumerate(lines)

    @property
    def schedules(self) -> tuple[tuple[Descriptor, ...], ...]:
        """Descriptors of one inference, program by program."""
        return tuple(s.descriptors for s in self.steps) or self.descriptors[:1]

    @property
    def images(self) -> tuple[Image, ...]:
        """What to write into the memories before the first run; nothing of a streamed model."""
        if self.steps:
            return ()
        program = b"".join(d.pack() for entry in self.descriptors for d in entry)
        return (
            Image(Space.WEIGHT, self.extents[Space.WEIGHT].address, self.weights),
            Image(Space.PARAMETER, self.extents[Space.PARAMETER].address, self.parameters),
            Image(Space.PROGRAM, self.extents[Space.PROGRAM].address, program),
        )

    def _row_words(self, rows: Shape) -> int:
        return -(-rows.channels // self.geometry.rows)

    def pack_input(self, inputs: Int8Array) -> Int8Array:
        """Lay inputs out as activation words.

        Parameters
            inputs : int8 [n, ...], the model's input without its batch axis
        Returns
            int8 [n, input_words, rows]
        Raises
            ValueError: another type or shape
        """
        inputs = np.asarray(inputs)
        if inputs.dtype != np.int8 or inputs.shape[1:] != self.input.shape[1:]:
            raise ValueError(
                f"input '{self.input.name}': got {inputs.dtype} {list(inputs.shape)}, expected "
                f"int8 [n, {', '.join(map(str, self.input.shape[1:]))}]"
            )
        n, width = len(inputs), self._row_words(self.rows_in) * self.geometry.rows
        words = np.zeros((n, self.rows_in.rows, width), np.int8)
        words[:, :, : self.rows_in.channels] = inputs.reshape(
            n, self.rows_in.rows, self.rows_in.channels
        )
        return words.reshape(n, self.input_words, self.geometry.rows)

    def empty_result(self, layer: int) -> Int8Array:
        """Make room for a layer's result: int8 [words, rows]."""
        shape = self.layers[layer].result
        return np.zeros((shape.rows * self._row_words(shape), self.geometry.rows), np.int8)

    def unpack_output(self, words: Int8Array) -> Int8Array:
        """Take the logits out of activation words.

        Parameters
            words : int8 [n, output_words, rows]
        Returns
            int8 [n, ...], the logits without their batch axis
        """
        width = self._row_words(self.rows_out) * self.geometry.rows
        rows = words.reshape(len(words), self.rows_out.rows, width)[:, :, : self.rows_out.channels]
        return rows.reshape(len(words), *self.logits.shape[1:])

    def finish(self, logits: Int8Array) -> Int8Array:
        """Compute the model's output from its logits, as the oracle does.

        Parameters
            logits : int8 [n, ...]
        Returns
            int8 [n, ...], the model's output without its batch axis
        """
        values = logits if self.tail is None else finish(self.tail, logits, self.oracle)
        return values.reshape(len(logits), *self.output.shape[1:])

    def listing(self) -> str:
        """Print the program: layers, tiles, buffer use, cycles."""
        from .listing import listing

        return listing(self)

    def moved(self, base: dict[Space, int]) -> "Program":
        """Place the program at other addresses.

        Parameters
            base : first word in each memory
        """
        delta = {space: base[space] - self.extents[space].address for space in Space}
        activation, weight = delta[Space.ACTIVATION], delta[Space.WEIGHT]
        parameter, program = delta[Space.PARAMETER], delta[Space.PROGRAM]

        def move(d: Descriptor) -> Descriptor:
            return replace(
                d,
                source=d.source + activation,
                source_end=d.source_end + activation,
                origin=d.origin + activation,
                destination=d.destination + activation,
                weights=d.weights + weight,
                parameters=d.parameters + parameter,
            )

        return replace(
            self,
            descriptors=tuple(tuple(map(move, entry)) for entry in self.descriptors),
            entries=tuple(
                Entry(e.address + program, e.input + activation, e.output + activation)
                for e in self.entries
            ),
            extents={s: Extent(base[s], e.words) for s, e in self.extents.items()},
        )
