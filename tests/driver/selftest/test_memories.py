"""Memories as the march sees them: what is read is what is there."""

import numpy as np
import pytest

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.driver.selftest.bench import Bench, SelftestError
from otus.driver.selftest.memories import ActivationMemory, WeightMemory, tiles_at_once
from otus.sim.golden_link import GoldenLink


@pytest.mark.parametrize("text", ["1x1", "hx8k", "up5k", "3x5", "5x3", "16x16", "32x2"])
@pytest.mark.parametrize("kind", [ActivationMemory, WeightMemory])
def test_words_are_read_wherever_they_are(
    text: str, kind: type[ActivationMemory] | type[WeightMemory]
) -> None:
    """Read against the golden model's own memory, not against what was written."""
    link = GoldenLink(Geometry.parse(text))
    memory = kind(Bench(link, 1.0, 0.2))
    space = Space.WEIGHT if kind is WeightMemory else Space.ACTIVATION
    rng = np.random.default_rng(2)
    for address in (memory.depth - memory.block, memory.depth // 2, 3):
        words = rng.integers(0, 256, (memory.block, memory.width), dtype=np.uint8)
        memory.write(address, words)
        found = memory.read(address, memory.block)
        there = link.endpoint.machine.read(space, address, memory.block)
        if space is Space.WEIGHT:
            assert found.tobytes() == there == words.tobytes()
        else:
            assert found.tobytes() == there
        assert memory.read(address, 1).tobytes() == found[:1].tobytes()


def test_places_name_column_and_row() -> None:
    bench = Bench(GoldenLink(Geometry.parse("4x2")), 1.0, 0.2)
    assert WeightMemory(bench).place(6) == ", column 1, row 2"
    assert ActivationMemory(bench).place(3) == ", row 3"


def test_replies_stay_short() -> None:
    geometry = Geometry.parse("16x16")
    tiles = tiles_at_once(geometry, 16, 16)
    assert 16 * 16 * tiles <= 2048
    assert tiles == 8


@pytest.mark.parametrize("option", ["activation_words=8", "parameter_words=4"])
def test_geometry_that_holds_no_tile(option: str) -> None:
    geometry = Geometry.parse(f"4x32,requantise_lanes=1,{option}")
    with pytest.raises(SelftestError, match="hold no tile of outputs") as caught:
        tiles_at_once(geometry, 4, 4)
    assert "at least 36 activation words and 32 parameter words" in caught.value.cause
