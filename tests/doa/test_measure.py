"""The measurements that the documentation quotes, on toy data: plane waves."""

import numpy as np
import pytest
from toys import noisy_wave, toy_set

from otus.doa.angles import task
from otus.doa.dataset import Dataset
from otus.doa.definitions import UMA8
from otus.doa.errors import DatasetError
from otus.doa.measure import RULES, broken, clipping, subclass, wiring
from otus.doa.wiring import fault


def test_the_used_rule_is_the_best_on_targets_between_the_centres() -> None:
    of = task("azimuth")
    truth = np.arange(0, 360, 0.7)
    p = of.targets(truth[:, None]).astype(np.float64)
    errors = {
        name: of.classes.error(rule(p, p.argmax(axis=1), of.classes), truth).mean()
        for name, rule in RULES.items()
    }
    assert min(errors, key=lambda name: errors[name]) == "parabola of logarithms (used)"
    assert errors["class centre"] == pytest.approx(2.5, abs=0.1)


def test_every_fault_is_one() -> None:
    x = UMA8.frames(noisy_wave(80.0))
    found = {name: fault(y, UMA8) for name, y in broken(x, np.random.default_rng(3)).items()}
    assert found.pop("none") is None
    assert set(found) == {
        "deaf", "inverted", "twice", "twice, noise at -46 dB", "twice, noise at -34 dB",
        "twice, one sample late", "exchanged", "unrelated", "hum",
    }  # fmt: skip
    assert all(found.values())


def test_the_tables_are_complete() -> None:
    pytest.importorskip("ai_edge_litert", reason="the extra 'oracle' is not installed")
    toy = toy_set()
    rules, sure = subclass(toy)
    assert rules.count("\n") == 1 + 3 * 2 * len(RULES)
    assert "| azimuth | 0.99 to 1 |" in sure
    (clipped,) = clipping(toy)
    assert "| 80 to 100 % |" in clipped
    refused, evidence = wiring(toy.where(toy["clip"] % 6 == 0))
    assert "| unrelated | 6 | 6 |" in refused
    assert "| none | 6 | 0 |" in refused
    assert "| inverted | 1.5 |" in evidence


def test_samples_are_needed() -> None:
    toy = toy_set()
    bare = Dataset(toy.features, toy.fields, toy.meta)
    with pytest.raises(DatasetError, match="without samples"):
        next(wiring(bare))
