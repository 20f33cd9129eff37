"""The beginning of a streamed model, for measurements where the whole would take too long."""

from collections.abc import Iterator
from dataclasses import replace

from .graph import Layer
from .program import Program, TensorSpec
from .stream import schedule
from .verify import verify_program


def prefix(program: Program, weights: int) -> Program:
    """Take the first layers, and of the last one of them the first output channels.

    Parameters
        program : streamed
        weights : to take at most, but for a first channel
    Returns
        a program without host operators at its end; the scale of its logits is 1
    """
    layers = tuple(_taken(program.layers, weights))
    result = layers[-1].result
    logits = TensorSpec(layers[-1].name, (1, result.rows, result.channels), 1.0, 0)
    before = {space: extent.address for space, extent in program.extents.items()}
    (steps,) = schedule([layers], program.geometry, before)
    part = replace(
        program,
        logits=logits,
        output=logits,
        tail=None,
        layers=layers,
        rows_out=result,
        steps=steps,
    )
    verify_program(part)
    return part


def _taken(layers: tuple[Layer, ...], left: int) -> Iterator[Layer]:
    for number, layer in enumerate(layers):
        channels = min(layer.result.channels, left // layer.weights[0].size)
        # A depthwise layer has as many channels as its source.
        if channels < layer.result.channels and layer.depthwise:
            channels = layer.result.channels if number == 0 else 0
        if channels == 0 and number:
            return
        channels = max(1, channels)
        yield replace(
            layer,
            result=replace(layer.result, channels=channels),
            weights=layer.weights[:channels],
            records=layer.records[:channels],
            macs=layer.macs * channels // layer.result.channels,
        )
        if channels < layer.result.channels:
            return
        left -= layer.weights.size
