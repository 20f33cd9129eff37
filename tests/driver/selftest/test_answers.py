"""Known answers: what fits is compared, wrong answers and wrong cycles are shown."""

import re
from dataclasses import replace

import golden_vectors
import numpy as np
import pytest

from otus import models
from otus.arch.geometry import NAMED, Geometry
from otus.arch.packet import Counters
from otus.commands.selftest import ANSWERS, known_answers
from otus.driver.selftest.answers import KnownAnswer, check_answers
from otus.driver.selftest.bench import SelftestError
from otus.sim.board import SimLink
from otus.sim.golden_link import GoldenLink


def test_shipped_answers_are_the_committed_vectors() -> None:
    expected = golden_vectors.known_answers()
    with np.load(ANSWERS) as file:
        assert set(file) == {*expected, "provenance"}
        assert "tflite_micro" in str(file["provenance"])
        for name, values in expected.items():
            np.testing.assert_array_equal(file[name], values)
    assert [answer.name for answer in known_answers()] == ["small", *models.names()]


def test_what_would_be_streamed_is_said_and_left_out() -> None:
    told: list[tuple[int, int]] = []
    figures = check_answers(
        GoldenLink(NAMED["hx8k"]), known_answers(), 1.0, lambda *each: told.append(each)
    )
    assert figures["small"] == "8 of 8 outputs equal"
    assert figures["azimuth"] == "larger than this geometry's memories, would be streamed"
    assert told == [(n, len(figures)) for n in range(1, len(figures) + 1)]


def test_where_nothing_stays_resident_one_network_is_streamed() -> None:
    answers = {
        answer.name: replace(answer, inputs=answer.inputs[:1], outputs=answer.outputs[:1])
        for answer in known_answers()
    }
    link = SimLink(NAMED["hx8k"], "cxxrtl")
    figures = check_answers(link, [answers["azimuth"], answers["elevation"]], 30.0, lambda *_: None)
    link.close()
    assert re.fullmatch(
        r"streamed, 1 of 1 outputs equal, \d+ cycles each as predicted", figures["azimuth"]
    )
    assert figures["elevation"] == "larger than this geometry's memories, would be streamed"


def test_no_network_that_fits() -> None:
    tiny = Geometry.parse("2x2,weight_words=32,activation_words=32,parameter_words=16")
    every = len(known_answers())
    with pytest.raises(SelftestError, match=rf"none of {every} networks fits; the last: CONV_2D"):
        check_answers(GoldenLink(tiny), known_answers(), 1.0, lambda *_: None)


def test_wrong_answer_is_shown() -> None:
    answer = known_answers()[0]
    outputs = answer.outputs.copy()
    outputs[3, ..., 0] ^= 1
    wrong = KnownAnswer(answer.name, answer.model, answer.inputs, outputs)
    expected = "1 of 8 outputs differ from tflm's; the first is input 3"
    with pytest.raises(SelftestError, match=re.escape(expected)):
        check_answers(GoldenLink(NAMED["hx8k"]), [wrong], 1.0, lambda *_: None)


def test_other_cycles_than_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that counts, but not what the model says."""
    pack = Counters.pack
    monkeypatch.setattr(Counters, "pack", lambda self: pack(self._replace(total=7)))
    expected = r"small: took \[7\] cycles, predicted are \d+"
    with pytest.raises(SelftestError, match=expected) as caught:
        check_answers(GoldenLink(NAMED["hx8k"]), known_answers()[:1], 1.0, lambda *_: None)
    assert "built from other sources" in caught.value.cause
