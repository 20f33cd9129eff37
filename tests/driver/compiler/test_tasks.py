"""What is needed of a layer at a time."""

from itertools import pairwise

import numpy as np
import pytest
from modelgen import Builder

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.driver.compiler import ModelError, compile_model
from otus.driver.compiler.tasks import Band, Task


def task(geometry: str, stride: int = 1) -> Task:
    """Take the layer of a 3x3 convolution of 16x16x4, padded, to 12 channels."""
    b = Builder()
    x = b.input([1, 16, 16, 4], 0.1, 0)
    weights = np.random.default_rng(0).integers(-9, 9, (12, 3, 3, 4)).astype(np.int8)
    model = b.build(b.conv(x, weights, None, 0.1, (0.5, 0), stride=stride, same=True))
    (layer,) = compile_model(
        model, Geometry.parse("4x4,activation_words=2048,program_words=512")
    ).layers
    return Task(0, layer.flattened(), Geometry.parse(geometry))


def test_bands_cover_the_output_and_are_as_large_as_fits() -> None:
    # A line is 16 words of input, 48 of output.
    found = task("4x4,activation_words=300")
    bands = list(found.bands())
    assert [band.first for band in bands] == [0, *(band.end for band in bands[:-1])]
    assert bands[-1].end == 16
    assert all(found.fits(band) for band in bands)
    assert not any(found.fits(Band(a.first, a.end + 1)) for a, _ in pairwise(bands))


@pytest.mark.parametrize(
    ("stride", "band", "needed"),
    [
        (1, (0, 1), (0, 2)),
        (1, (1, 4), (0, 5)),
        (1, (14, 16), (13, 16)),
        (2, (0, 1), (0, 3)),
        (2, (3, 8), (6, 16)),
    ],
)
def test_lines_under_a_band(stride: int, band: tuple[int, int], needed: tuple[int, int]) -> None:
    found = task("4x4", stride)
    assert found.needed(Band(*band)) == needed
    words = 16 * (needed[1] - needed[0]), 48 // stride * (band[1] - band[0])
    assert found.words(Band(*band)) == words


def test_sizes() -> None:
    found = task("4x4")
    assert (found.tiles, found.under) == (3, 9)
    assert found.size[Space.WEIGHT] == 27
    assert found.least[Space.WEIGHT] == 9
    # Two tiles of 4 channels fill an activation word of 8.
    assert task("8x4").aligned == 2
    assert task("8x4").least[Space.WEIGHT] == 18


def test_a_line_that_does_not_fit() -> None:
    with pytest.raises(
        ModelError,
        match=r"one line of its output, with the input under it, takes 80 activation words, "
        r"geometry 4x4 has 70; use a geometry with activation_words=80",
    ):
        list(task("4x4,activation_words=70").bands())
