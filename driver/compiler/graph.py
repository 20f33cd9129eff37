"""What the passes hand to each other: frozen values, nothing of the file format or the hardware.

importer    -> Graph    tensors and operators as the file has them
normalise   -> Chain    convolution, dense, pooling and offset steps in [time][channel] order
quantise    -> Layer    integer weights and one Record a channel
fuse        -> Layer    pooling inside the layer that feeds it
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...arch.memory import Record

Int8Array = npt.NDArray[np.int8]
Activation = Literal["NONE", "RELU", "RELU_N1_TO_1", "RELU6"]

#: Types of tensors whose values are read.
NUMPY: dict[str, np.dtype[Any]] = {
    "INT8": np.dtype("i1"),
    "UINT8": np.dtype("u1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FLOAT32": np.dtype("<f4"),
}


@dataclass(frozen=True)
class Quantisation:
    """real = scale * (integer - zero_point); one scale, or one for each index of `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def scale(self) -> float:
        """The scale of the whole tensor, a float32 value."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of the whole tensor."""
        return self.zero_points[0]


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the file; `data` where it is constant, as bytes where its type is not read."""

    index: int
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    dtype: str
    quantisation: Quantisation | None = None
    data: npt.NDArray[np.generic] | None = None


@dataclass(frozen=True, eq=False)
class Operator:
    """An operator of the file. Inputs that are left out are -1."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, int | float | str | tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Signature:
    """Names that a caller gives to inputs and outputs, each with its tensor."""

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Graph:
    """The one subgraph of a file, operators in the order in which they run."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    signatures: Mapping[str, Signature] = field(default_factory=dict)

    def where(self, operator: Operator) -> str:
        """Name an operator, for messages."""
        name = self.tensors[operator.outputs[0]].name if operator.outputs else "no output"
        # Fused operators keep all their names, joined: the first one tells enough.
        name = name.partition(";")[0]
        return f"{operator.kind} (operator {operator.index}, '{name}')"


@dataclass(frozen=True)
class Shape:
    """A tensor between two layers: lines of `time` rows of `channels` int8 values.

    An image has its height in `lines` and its width in `time`; a signal has one line.
    """

    time: int
    channels: int
    lines: int = 1

    @property
    def rows(self) -> int:
        """Rows in all lines."""
        return self.lines * self.time

    @property
    def size(self) -> int:
        """Values in the tensor."""
        return self.rows * self.channels

    @property
    def flat(self) -> "Shape":
        """The same values in the same places, in one line."""
        return Shape(self.rows, self.channels)

    def __str__(self) -> str:
        return f"{f'{self.lines}x' if self.lines > 1 else ''}{self.time}x{self.channels}"


@dataclass(frozen=True)
class Down:
    """What a kernel or a pooling does across the lines: as the fields of Layer do along one.

    Parameters
        kernel, stride, pad : lines under the kernel, from one position to the next, above the image
        windows, step : positions that are max-pooled into one output line, and to the next one
    """

    kernel: int = 1
    stride: int = 1
    pad: int = 0
    windows: int = 1
    step: int = 1

    def line(self, output: int) -> int:
        """First line under the kernel for an output line; it may be in the padding."""
        return output * self.step * self.stride - self.pad


#: Nothing happens across the lines.
ALONG = Down()


@dataclass(frozen=True, eq=False)
class Linear:
    """A convolution, or a dense layer (a kernel as long as its input).

    Parameters
        where, name : operator with its tensor, for messages, and without
        kind : `conv` or `dense`: they differ in rounding and in how the multiplier is computed
        weights : int8 [out channels, kernel lines x kernel, in channels]; a depthwise convolution
            has one input channel: that of the output channel's number
        bias : int64 [out channels]
        weight_scales : one for all, or one for each out channel
        bias_scale : as the file states it, 0 where it does not; None without a bias
    """

    where: str
    name: str
    kind: Literal["conv", "dense"]
    source: Shape
    result: Shape
    weights: Int8Array
    bias: npt.NDArray[np.int64]
    stride: int
    pad: int
    input: Quantisation
    output: Quantisation
    weight_scales: tuple[float, ...]
    bias_scale: float | None
    activation: Activation
    down: Down = ALONG
    depthwise: bool = False

    @property
    def kernel(self) -> int:
        """Rows of time under the kernel."""
        return int(self.weights.shape[1]) // self.down.kernel

    @property
    def whole(self) -> bool:
        """The kernel covers all of the input once: the input's shape does not matter."""
        return (
            self.weights.shape[1] == self.source.rows
            and self.result.rows == 1
            and self.pad == self.down.pad == 0
            and not self.depthwise
        )


@dataclass(frozen=True, eq=False)
class Pool:
    """A maximum along time, and across lines: of `down.kernel` lines, which are `down.windows`."""

    where: str
    name: str
    source: Shape
    result: Shape
    window: int
    stride: int
    pad: int
    output: Quantisation
    activation: Activation
    down: Down = ALONG


@dataclass(frozen=True, eq=False)
class Offset:
    """A constant added to each channel: the separate bias of older exports.

    Parameters
        constant : int64 [channels], as stored, with the quantisation `addend`
    """

    where: str
    name: str
    source: Shape
    input: Quantisation
    addend: Quantisation
    output: Quantisation
    constant: npt.NDArray[np.int64]
    activation: Activation

    @property
    def result(self) -> Shape:
        """The shape of the output, that of the input."""
        return self.source


Step = Linear | Pool | Offset


@dataclass(frozen=True)
class Tail:
    """Softmax or logistic at the end, computed on the host.

    Parameters
        depth : values that softmax normalises together, the last axis of its input
    """

    kind: Literal["SOFTMAX", "LOGISTIC"]
    where: str
    depth: int
    beta: float
    input: Quantisation
    output: Quantisation


@dataclass(frozen=True, eq=False)
class Chain:
    """A model as a chain of steps.

    Parameters
        source, result : the model's input and output tensor
        logits : the tensor that the last step writes, with the shape the file gives it
    """

    source: Tensor
    steps: tuple[Step, ...]
    tail: Tail | None
    logits: Tensor
    result: Tensor


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of the accelerator, before addresses and tiles.

    Output row r, channel c = requantise(max over w < windows of
        sum over k < kernel, i of weights[c, k, i] * x[stride * (r * step + w) - pad + k, i])
    where x outside the source reads `pad_value`. Across lines the same holds with the fields of
    `down`, of which only one of kernel and windows is above 1, and only one of both `windows`.

    Parameters
        where, name : the operators it stands for, with tensor names and without
        weights : int8 [out channels, kernel lines x kernel, in channels]
        records : one for each out channel
        step : positions (of `stride` rows) from one output row to the next
        depthwise : weights have one input channel: that of the output channel's number
        macs : multiply-accumulates of the model that this layer stands for
    """

    name: str
    where: str
    source: Shape
    result: Shape
    weights: Int8Array
    records: tuple[Record, ...]
    stride: int
    pad: int
    pad_value: int
    windows: int
    step: int
    zero_point: int
    act_min: int
    act_max: int
    macs: int
    down: Down = ALONG
    depthwise: bool = False

    @property
    def kernel(self) -> int:
        """Rows of time under the kernel."""
        return int(self.weights.shape[1]) // self.down.kernel

    def flattened(self) -> "Layer":
        """Take an image's lines for one, where each output row needs one row of the input."""
        along = self.kernel, self.stride, self.pad, self.windows, self.step
        if along != (1, 1, 0, 1, 1) or self.down != ALONG:
            return self
        return replace(self, source=self.source.flat, result=self.result.flat)

    @property
    def performed(self) -> int:
        """Multiply-accumulates of the model that are carried out.

        Fewer than `macs` where pooling drops positions, more where poolings overlap.
        """
        pooled = self.windows * self.down.windows
        return self.result.rows * pooled * self.weights.size if self.macs else 0
