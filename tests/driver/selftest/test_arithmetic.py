"""Multipliers and sums: any wrong product is found, whatever its bit."""

import numpy as np
import numpy.typing as npt
import pytest

from otus.arch.descriptor import Descriptor
from otus.arch.geometry import Geometry
from otus.driver.selftest.arithmetic import check_multipliers, check_sums
from otus.driver.selftest.bench import Bench, SelftestError
from otus.sim.golden import Machine
from otus.sim.golden_link import GoldenLink

GEOMETRY = Geometry.parse("3x4x2,requantise_lanes=1")
Sums = npt.NDArray[np.int64]


class Wrong(Machine):
    """Adds an error to the sums of some columns and output rows."""

    error, columns, groups, least = 0, slice(None), slice(None), 0

    def _accumulate(self, d: Descriptor) -> Sums:
        sums = super()._accumulate(d)
        part = sums[:, self.groups, :, self.columns]
        part[np.abs(part) >= self.least] += self.error
        return sums


def bench(machine: Machine | None = None) -> Bench:
    link = GoldenLink(GEOMETRY)
    link.endpoint.machine = machine or Machine(GEOMETRY)
    return Bench(link, 1.0, 0.2)


def test_good_array() -> None:
    assert check_multipliers(bench(), lambda *_: None) == {
        "multipliers": 24,
        "products": 3 * 8 * 8 * 4 * 2,
    }
    figures = check_sums(bench(), lambda *_: None)
    assert figures["largest"] == 256 * 3 * 128 * 128


@pytest.mark.parametrize("bit", range(16))
def test_every_bit_of_a_product_is_seen(bit: int) -> None:
    machine = Wrong(GEOMETRY)
    machine.error, machine.columns, machine.groups = 1 << bit, slice(2, 3), slice(1, 2)
    with pytest.raises(SelftestError, match=r"column 2, position 1: .* is not") as caught:
        check_multipliers(bench(machine), lambda *_: None)
    assert "wrong columns in this row: 2" in caught.value.what
    assert "DSP block" in caught.value.cause


def test_all_columns_are_the_activations_path() -> None:
    machine = Wrong(GEOMETRY)
    machine.error = 1
    with pytest.raises(SelftestError) as caught:
        check_multipliers(bench(machine), lambda *_: None)
    assert "the activation's path to row 0" in caught.value.cause


@pytest.mark.parametrize("error", [1, 1 << 22])
def test_sums_that_are_wrong_when_large(error: int) -> None:
    machine = Wrong(GEOMETRY)
    machine.error, machine.columns, machine.least = error, slice(3, 4), 1 << 20
    check_multipliers(bench(machine), lambda *_: None)
    with pytest.raises(SelftestError, match="sums of 256 words differ in columns 3") as caught:
        check_sums(bench(machine), lambda *_: None)
    assert "full activity" in caught.value.cause


@pytest.mark.parametrize("text", ["1x1,weight_words=2,activation_words=4", "2x2,weight_words=2"])
def test_shortest_reductions(text: str) -> None:
    device = Bench(GoldenLink(Geometry.parse(text)), 1.0, 0.2)
    assert check_sums(device, lambda *_: None)["sums"] > 0
