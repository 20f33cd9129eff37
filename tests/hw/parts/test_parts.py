from types import SimpleNamespace

import pytest

from otus.hw.parts import PORTABLE, Part, part_of


def test_a_platform_names_its_part() -> None:
    part = Part("ecp5", dsp_multipliers=24)
    assert part_of(SimpleNamespace(part=part)) is part
    assert part_of(SimpleNamespace()) is PORTABLE
    assert part_of(None) is PORTABLE


def test_the_first_multipliers_are_dsp_blocks() -> None:
    part = Part("ecp5", dsp_multipliers=24)
    assert [number for number in range(64) if part.is_dsp(number)] == list(range(24))
    assert all(Part("ecp5").is_dsp(number) for number in range(256))
    assert not Part("gowin", 0).is_dsp(0)


def test_wrong_parts_are_refused() -> None:
    with pytest.raises(ValueError, match=r"part.family: got 'ecp6', allowed is one of portable, "):
        Part("ecp6")
    with pytest.raises(ValueError, match=r"dsp_multipliers: got -1, allowed is None or at least 0"):
        Part("ecp5", -1)
    with pytest.raises(TypeError, match=r"platform.part: got 'ecp5', expected a Part"):
        part_of(SimpleNamespace(part="ecp5"))
