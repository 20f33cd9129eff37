import pytest

from otus.doa.progress import track


@pytest.mark.parametrize("show", [False, True])
def test_every_item_comes_and_the_bar_keeps_off_standard_output(
    show: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as if standard error were a terminal
    assert list(track(range(3), "rooms", show)) == [0, 1, 2]
    out, err = capsys.readouterr()
    assert out == ""
    assert bool(err) == show


def test_a_file_gets_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(range(3), "rooms", True)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
