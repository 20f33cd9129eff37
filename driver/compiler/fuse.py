"""Put each pooling into the layer that feeds it, and each offset into a layer of its own.

A maximum before requantisation equals the maximum after it, since requantisation never decreases,
and one clamp after another is one clamp.
"""

from dataclasses import replace

from ...arch.geometry import Geometry
from .errors import ModelError
from .graph import ALONG, Chain, Layer, Linear, Offset, Pool
from .offset import offset_layer
from .quantise import INT8, Oracle, activation_range, identity, quantise

#: Positions that the descriptor can pool.
WINDOWS_MAX = 256


def fuse(chain: Chain, oracle: Oracle, geometry: Geometry) -> tuple[Layer, ...]:
    """Quantise and fuse the steps of a chain.

    Raises
        ModelError: a step that cannot be exact, or a pooling too long for the descriptor
    """
    layers: list[Layer] = []
    for step in chain.steps:
        before = (layers[-1].act_min, layers[-1].act_max) if layers else INT8
        if isinstance(step, Linear):
            if step.depthwise and not geometry.depthwise:
                raise ModelError(
                    f"{step.where}: a depthwise convolution needs rows in multiples of columns, "
                    f"geometry {geometry.name} has {geometry.rows} and {geometry.columns}; use "
                    "another geometry"
                )
            layers.append(quantise(step, oracle, geometry.accumulator_bits, before))
        elif isinstance(step, Offset):
            layers.append(offset_layer(step, before, geometry.accumulator_bits))
        else:
            for pool in axes(step):
                pooled = fused(layers[-1], pool, geometry) if layers else None
                if pooled is None:
                    layers.append(separate(pool, geometry))
                else:
                    layers[-1] = pooled
    return tuple(layers)


def axes(pool: Pool) -> tuple[Pool, ...]:
    """Make a pooling of two axes two poolings of one: along the lines first, then across them."""
    along = pool.window, pool.stride, pool.pad
    if pool.down == ALONG:
        return (pool,)
    if along == (1, 1, 0):
        return (pool,)
    between = replace(pool.source, time=pool.result.time)
    return (
        replace(pool, result=between, down=ALONG),
        replace(pool, source=between, window=1, stride=1, pad=0),
    )


def compose(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """Make one clamp of two, the first applied first."""
    low, high = (max(second[0], min(second[1], bound)) for bound in first)
    return low, high


def fused(layer: Layer, pool: Pool, geometry: Geometry) -> Layer | None:
    """Put a pooling into a layer; None where it must be, or is cheaper as, a layer of its own."""
    last = (pool.result.time - 1) * pool.stride + pool.window
    if (
        layer.windows * layer.down.windows > 1
        or layer.result != pool.source
        or pool.pad
        or pool.down != ALONG
        or last > pool.source.time
        or pool.window > WINDOWS_MAX
    ):
        return None
    positions = pool.result.time * pool.window
    alone = separate(pool, geometry)
    if positions * work(layer, geometry) > (
        layer.result.time * work(layer, geometry) + positions * work(alone, geometry)
    ):
        return None
    clamp = compose((layer.act_min, layer.act_max), activation_range(pool.activation, pool.output))
    return replace(
        layer,
        name=f"{layer.name} + {pool.name}",
        where=f"{layer.where} + {pool.where}",
        result=pool.result,
        windows=pool.window,
        step=pool.stride,
        act_min=clamp[0],
        act_max=clamp[1],
    )


def separate(pool: Pool, geometry: Geometry) -> Layer:
    """Make a pooling a layer of its own, which copies its input."""
    if max(pool.window, pool.down.windows) > WINDOWS_MAX:
        raise ModelError(
            f"{pool.where}: pools {max(pool.window, pool.down.windows)} positions, allowed is up "
            f"to {WINDOWS_MAX}; pool in two steps"
        )
    return identity(
        pool.where,
        pool.name,
        pool.source,
        pool.result,
        windows=pool.window,
        step=pool.stride,
        pad=pool.pad,
        clamp=activation_range(pool.activation, pool.output),
        down=pool.down,
        depthwise=geometry.depthwise,
    )


def work(layer: Layer, geometry: Geometry) -> int:
    """Cycles in which the array computes one position of a layer."""
    tiles = -(-layer.result.channels // geometry.columns)
    words = 1 if layer.depthwise else -(-layer.source.channels // geometry.rows)
    return tiles * int(layer.weights.shape[1]) * words
