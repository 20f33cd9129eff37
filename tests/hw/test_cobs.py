from collections.abc import Callable

from otus.arch.geometry import Geometry
from otus.hw.cobs import CobsDecoder, CobsEncoder

GEOMETRY = Geometry(1, 1)


def test_decoder(run_module: Callable[..., None]) -> None:
    run_module(CobsDecoder(), "cobs_decoder", GEOMETRY)


def test_encoder(run_module: Callable[..., None]) -> None:
    run_module(CobsEncoder(), "cobs_encoder", GEOMETRY)
