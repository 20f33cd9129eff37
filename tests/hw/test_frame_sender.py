from collections.abc import Callable

from otus.arch.geometry import Geometry
from otus.hw.frame_sender import FrameSender

GEOMETRY = Geometry(1, 1)


def test_frame_sender(run_module: Callable[..., None]) -> None:
    run_module(FrameSender(), "frame_sender", GEOMETRY)
