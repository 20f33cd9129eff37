from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.frame_receiver import FrameReceiver

GEOMETRY = Geometry(1, 1)


@pytest.mark.parametrize("link_bytes", [512, 2048])
def test_frame_receiver(run_module: Callable[..., None], link_bytes: int) -> None:
    run_module(FrameReceiver(link_bytes), "frame_receiver", GEOMETRY, link_bytes=link_bytes)
