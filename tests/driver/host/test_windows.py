"""Windows that slide over height and width."""

import numpy as np
import pytest

from otus.driver.host.windows import Windows


@pytest.mark.parametrize(
    ("stride", "dilation", "pad", "out"),
    [
        ((1, 1), (1, 1), (0, 0), (4, 4)),
        ((2, 1), (1, 2), (1, 2), (4, 5)),
        ((4, 4), (1, 1), (0, 0), (1, 1)),
    ],
)
def test_patches_are_what_the_windows_cover(
    stride: tuple[int, int],
    dilation: tuple[int, int],
    pad: tuple[int, int],
    out: tuple[int, int],
) -> None:
    x = np.random.default_rng(0).integers(-100, 100, (2, 5, 6, 3))
    windows = Windows((2, 3), stride, dilation, pad, out)
    patches = windows.patches(x, 7)
    assert patches.shape == (2, *out, 3, 2, 3)
    for index in np.ndindex(*patches.shape):
        n, i, j, c, r, s = index
        row = i * stride[0] + r * dilation[0] - pad[0]
        column = j * stride[1] + s * dilation[1] - pad[1]
        inside = 0 <= row < 5 and 0 <= column < 6
        assert patches[index] == (x[n, row, column, c] if inside else 7)
