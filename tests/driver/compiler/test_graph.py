"""Small facts that the passes rely on."""

import numpy as np
from modelgen import Builder

from otus.arch.geometry import Geometry
from otus.driver.compiler import compile_model
from otus.driver.compiler.graph import Linear, Shape
from otus.driver.compiler.importer import import_model
from otus.driver.compiler.normalise import normalise


def first_step(same: bool, time: int) -> Linear:
    b = Builder()
    x = b.input([1, 1, time, 2], 0.1, 0)
    y = b.conv(x, np.ones((3, 1, 4, 2), np.int8), None, 0.1, (0.1, 0), same=same, stride=4)
    step = normalise(import_model(b.build(y))).steps[0]
    assert isinstance(step, Linear)
    return step


def test_a_kernel_is_whole_where_it_covers_the_input_once() -> None:
    assert first_step(same=False, time=4).whole
    assert first_step(same=True, time=4).whole
    assert not first_step(same=False, time=5).whole
    assert not first_step(same=True, time=3).whole


def test_shape() -> None:
    assert (Shape(3, 5).size, str(Shape(3, 5))) == (15, "3x5")


def test_copies_count_no_work() -> None:
    b = Builder()
    model = b.build(b.pool(b.input([1, 1, 4, 2], 0.1, 0), (1, 2), 2))
    layer = compile_model(model, Geometry.parse("2x2")).layers[0]
    assert (layer.macs, layer.performed, layer.kernel) == (0, 0, 1)
