import shutil

import numpy as np
import pytest

from otus.doa import speech
from otus.doa.errors import DatasetError

spoken = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed on this machine"
)


def test_splits_share_no_voice() -> None:
    splits = list(speech.SPLITS.values())
    for a in splits:
        for b in splits:
            if a is not b:
                assert not set(a.languages) & set(b.languages)
                assert not set(a.speakers) & set(b.speakers)
                assert a.number != b.number


def test_an_unknown_split_lists_the_known() -> None:
    with pytest.raises(DatasetError, match=r"'dev' is not known.*train, validation, test, demo"):
        speech.voices("dev")


def test_words_follow_the_seed() -> None:
    said = [speech.words(np.random.default_rng(seed), 8) for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2]
    assert said[0].endswith(".")
    assert len(said[0].split()) == 8


@spoken
@pytest.mark.parametrize("split", list(speech.SPLITS))
def test_every_voice_of_every_split_speaks(split: str) -> None:
    who = speech.voices(split)
    lengths = [len(speech.say("bala tiro", who.languages[0], s, 16_000)) for s in who.speakers]
    lengths += [len(speech.say("bala tiro", x, who.speakers[0], 16_000)) for x in who.languages]
    assert min(lengths) > 4000


@spoken
def test_utterances_are_reproducible_and_several_seconds_long() -> None:
    said, again = ([speech.utterance("test", k, 16_000, seed=5) for k in (0, 1)] for _ in "ab")
    for a, b in zip(said, again, strict=True):
        assert np.array_equal(a, b)
        assert len(a) > 16_000
        assert 0.5 < np.sqrt(np.mean(a**2)) < 1.2
    assert len(said[0]) != len(said[1])
    assert len(speech.utterance("train", 0, 16_000, seed=5)) != len(said[0])


@spoken
def test_an_unknown_voice_is_an_error() -> None:
    with pytest.raises(DatasetError, match=r"cannot say 'hello' as xx-none\+m1"):
        speech.say("hello", "xx-none", "m1", 16_000)


def test_without_espeak_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(DatasetError, match=r"apt-get install espeak-ng.*--no-speech"):
        speech.espeak()


def test_noise_and_bursts_follow_the_seed_and_have_a_level() -> None:
    for make in (speech.noise, speech.bursts, speech.white):
        a, b, c = (make(np.random.default_rng(seed), 16_000, 16_000) for seed in (1, 1, 2))
        assert a.shape == (16_000,)
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)
        assert 0.3 < np.sqrt(np.mean(a**2)) < 1.5


@spoken
def test_a_program_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "SAY_SECONDS", 1e-6)
    with pytest.raises(DatasetError, match=r"took over 1e-06 s to say 'hello' as de\+m1"):
        speech.say("hello", "de", "m1", 16_000)


def test_normalising_silence_gives_silence() -> None:
    assert not speech.normalised(np.zeros(10)).any()
