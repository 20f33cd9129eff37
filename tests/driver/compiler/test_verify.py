"""The verifier notices what a pass could break."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from modelgen import reference_model

from otus.arch.descriptor import Descriptor
from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.driver.compiler import InternalError, Program, compile_model
from otus.driver.compiler.graph import Layer, Shape
from otus.driver.compiler.importer import import_model
from otus.driver.compiler.normalise import normalise
from otus.driver.compiler.program import Entry, Extent
from otus.driver.compiler.verify import verify_chain, verify_layers, verify_program

PROGRAM = compile_model(reference_model(), Geometry.parse("default"))


def descriptor(layer: int, **changes: Any) -> Program:
    """Change a descriptor of the first entry."""
    changed: list[Descriptor] = list(PROGRAM.descriptors[0])
    changed[layer] = replace(changed[layer], **changes)
    return replace(PROGRAM, descriptors=(tuple(changed), PROGRAM.descriptors[1]))


BROKEN: list[tuple[Callable[[], Program], str]] = [
    (lambda: descriptor(0, destination=3), "overwrites its own input"),
    (lambda: descriptor(3, destination=180), "output is elsewhere"),
    (lambda: descriptor(0, source=1), "input is elsewhere"),
    (lambda: descriptor(1, source=90), "reads what the one before it did not write"),
    (lambda: descriptor(1, last=1), "no last layer"),
    (lambda: descriptor(3, weights=700), "weights past their part"),
    (lambda: descriptor(3, parameters=130), "parameters past their part"),
    (lambda: descriptor(3, row_words=4), "too narrow"),
    (lambda: descriptor(0, group_stride=300), "activation addresses wrap"),
    (lambda: descriptor(3, group_stride=1024), "group_stride is too large"),
    (lambda: descriptor(2, source_end=400), "activations past their part"),
    (lambda: replace(PROGRAM, weights=PROGRAM.weights[:-1]), "part of a word"),
    (lambda: replace(PROGRAM, weights=PROGRAM.weights[:-64]), "another size"),
    (lambda: replace(PROGRAM, entries=(Entry(0, 1, 52),) * 2), "input is elsewhere"),
    (
        lambda: replace(PROGRAM, extents={**PROGRAM.extents, Space.WEIGHT: Extent(2000, 721)}),
        "WEIGHT is overrun",
    ),
    (
        lambda: replace(PROGRAM, extents={**PROGRAM.extents, Space.WEIGHT: Extent(-1, 721)}),
        "WEIGHT starts below 0",
    ),
    (lambda: PROGRAM.moved({**dict.fromkeys(Space, 0), Space.PROGRAM: 250}), "PROGRAM is overrun"),
]


@pytest.mark.parametrize(("make", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_broken_programs(make: Callable[[], Program], message: str) -> None:
    verify_program(PROGRAM)
    with pytest.raises(InternalError, match=message):
        verify_program(make())


LAYERS: list[tuple[dict[str, Any], str]] = [
    ({"weights": PROGRAM.layers[1].weights[:5]}, "weights of another shape"),
    ({"weights": PROGRAM.layers[1].weights.astype("i2")}, "weights of another type"),
    ({"records": PROGRAM.layers[1].records[:5]}, "lacks records"),
    ({"source": Shape(10, 64)}, "takes other values"),
    ({"step": 40}, "ends in padding only"),
    ({"act_min": 100, "act_max": 90}, "empty clamp"),
]


@pytest.mark.parametrize(("changes", "message"), LAYERS)
def test_broken_layers(changes: dict[str, Any], message: str) -> None:
    layers: list[Layer] = list(PROGRAM.layers)
    verify_layers(layers)
    layers[1] = replace(layers[1], **changes)
    with pytest.raises(InternalError, match=message):
        verify_layers(layers)
    with pytest.raises(InternalError, match="no layers"):
        verify_layers([])


def test_broken_chains() -> None:
    chain = normalise(import_model(reference_model()))
    verify_chain(chain)
    for changes, message in (
        ({"source": Shape(13, 16)}, "weights of another shape"),
        ({"bias": chain.steps[0].bias[:3]}, "another bias"),
    ):
        broken = replace(chain, steps=(replace(chain.steps[0], **changes), *chain.steps[1:]))
        with pytest.raises(InternalError, match=message):
            verify_chain(broken)
    with pytest.raises(InternalError, match="takes other values; please report it"):
        verify_chain(replace(chain, steps=chain.steps[1:2] + chain.steps[:1]))
