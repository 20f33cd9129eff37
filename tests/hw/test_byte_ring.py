# amaranth: UnusedElaboratable=no
# (components that refuse their parameters are never used)

from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.byte_ring import ByteRing

GEOMETRY = Geometry(1, 1)


@pytest.mark.parametrize("depth", [16, 512])
def test_byte_ring(run_module: Callable[..., None], depth: int) -> None:
    run_module(ByteRing(depth), "byte_ring", GEOMETRY, depth=depth)


def test_depth_is_refused() -> None:
    with pytest.raises(ValueError, match="depth: got 48, allowed is a power of two"):
        ByteRing(48)
