"""Places, words and sizes."""

import numpy as np
import pytest
from execute import golden
from modelgen import Builder, reference_model

from otus.arch.descriptor import WORDS, Descriptor
from otus.arch.geometry import Geometry
from otus.arch.memory import RECORD_BYTES, Record, Space
from otus.driver.compiler import ModelError, RoomError, compile_model
from otus.driver.compiler.lower import lower, place_activations

GEOMETRY = Geometry.parse("4x4")


def padded(channels: int = 5, out: int = 6) -> bytes:
    b = Builder()
    x = b.input([1, 1, 7, channels], 0.1, 3)
    weights = np.arange(out * 3 * channels).reshape(out, 1, 3, channels).astype(np.int8)
    return b.build(b.conv(x, weights, None, 0.01, (0.1, 0), stride=2, same=True))


def test_descriptor_of_a_padded_convolution() -> None:
    program = compile_model(padded(), GEOMETRY)
    d = program.descriptors[0][0]
    assert (d.source, d.source_end, d.origin) == (0, 14, -2)
    assert (d.group_stride, d.reduction, d.groups, d.tiles) == (4, 6, 4, 2)
    assert (d.row_words, d.last_steps, d.pad, d.last) == (2, 1, 3, 1)
    assert d.windows == 1
    second = program.descriptors[1][0]
    assert (second.source, second.origin) == (14, 12)
    assert program.entries[1].address == WORDS


def test_weight_words_are_tile_by_tile_column_by_column() -> None:
    program = compile_model(padded(), GEOMETRY)
    words = np.frombuffer(program.weights, np.int8).reshape(2, 3, 2, 4, 4)
    layer = program.layers[0]
    for tile, k, word, column, row in np.ndindex(words.shape):
        channel, lane = tile * 4 + column, word * 4 + row
        inside = channel < 6 and lane < 5
        expected = layer.weights[channel, k, lane] if inside else 0
        assert words[tile, k, word, column, row] == expected


def test_parameters_follow_the_channels() -> None:
    program = compile_model(padded(out=6), Geometry.parse("4x4,requantise_lanes=4"))
    records = [
        Record.unpack(program.parameters[i : i + RECORD_BYTES])
        for i in range(0, len(program.parameters), RECORD_BYTES)
    ]
    assert tuple(records[:6]) == program.layers[0].records
    assert {record.multiplier for record in records[6:]} == {0}
    assert len(records) == 8


def test_neighbouring_tensors_do_not_overlap() -> None:
    program = compile_model(reference_model(), Geometry.parse("default"))
    buffers = place_activations(program.layers, program.geometry)
    spans = []
    for slot in range(2):
        for d in program.descriptors[slot]:
            source = range(d.source, d.source_end)
            result = range(d.destination, d.destination + d.groups * d.row_words)
            assert not set(source) & set(result)
            spans.append((slot, source, result))
    # The other slot's input and output stay as they are while one runs.
    for slot, _, result in spans:
        other = program.entries[1 - slot]
        assert other.input not in result
        assert other.output not in result
    assert buffers.words == program.extents[Space.ACTIVATION].words == 182


def test_models_bigger_than_each_memory_are_refused_with_sizes() -> None:
    model = reference_model()
    small = "8x8,weight_words=700,activation_words=150,parameter_words=131,program_words=39"
    layers = compile_model(model, Geometry.parse("8x8")).layers
    with pytest.raises(
        RoomError,
        match=r"the model does not fit geometry 8x8: "
        r"activation memory: need 151 words \(1208 bytes\), have 150 \(1200 bytes\); "
        r"weight memory: need 721 words \(46144 bytes\), have 700 \(44800 bytes\); "
        r"parameter memory: need 132 words \(2376 bytes\), have 131 \(2358 bytes\); "
        r"program memory: need 40 words \(160 bytes\), have 39 \(156 bytes\); use a geometry with "
        r"activation_words=151,weight_words=721,parameter_words=132,program_words=40, or a smaller",
    ):
        lower(layers, Geometry.parse(small))
    assert compile_model(model, Geometry.parse(small)).steps
    fits = "8x8,weight_words=721,activation_words=182,parameter_words=132,program_words=64"
    assert not compile_model(model, Geometry.parse(fits)).steps


def test_layers_past_a_field_of_the_descriptor_are_refused() -> None:
    b = Builder()
    x = b.input([1, 1, 2000, 32], 0.1, 0)
    y = b.conv(x, np.ones((1, 1, 1, 32), np.int8), None, 0.1, (0.1, 0), stride=1500)
    y = b.pool(y, (1, 1), 1)
    roomy = Geometry.parse("1x1,activation_words=32768,weight_words=65536")
    program = compile_model(b.build(y), Geometry.parse("default"))
    with pytest.raises(RoomError, match=r"activation memory: need 64002 words"):
        lower(program.layers, roomy)


def test_a_reshape_between_layers_needs_whole_words() -> None:
    def model(channels: int) -> bytes:
        b = Builder()
        x = b.input([1, 1, 4, 3], 0.1, 0)
        y = b.conv(x, np.ones((channels, 1, 1, 3), np.int8), None, 0.1, (0.1, 0))
        y = b.reshape(y, [1, 1, 2, 2 * channels])
        weights = np.arange(2 * channels).reshape(1, 1, 1, -1).astype(np.int8)
        return b.build(b.conv(y, weights, None, 0.1, (1.0, 0)))

    program = compile_model(model(8), GEOMETRY)
    inputs = np.random.default_rng(0).integers(-9, 9, (9, 1, 4, 3)).astype(np.int8)
    sums = np.clip(np.round(inputs.sum(axis=3) * 0.1), -128, 127).reshape(9, 2, 2, 1)
    spread = np.broadcast_to(sums, (9, 2, 2, 8)).reshape(9, 2, 16)
    assert golden(program, inputs).shape == (9, 1, 2, 1)
    assert np.abs(golden(program, inputs)[..., 0, :, 0] - spread @ np.arange(16) * 0.01).max() < 12
    with pytest.raises(
        ModelError,
        match=r"reads .*'s 4x6 values \(time x channels\) as 2x12, which needs channels in "
        r"multiples of 4 \(rows of geometry 4x4\) on both sides; reshape only before a dense layer",
    ):
        compile_model(model(6), GEOMETRY)


def test_the_descriptors_are_encodable() -> None:
    program = compile_model(padded(), GEOMETRY)
    for descriptors in program.descriptors:
        for d in descriptors:
            assert Descriptor.unpack(d.pack()) == d
