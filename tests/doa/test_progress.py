import pytest

from otus.doa.progress import track


@pytest.mark.parametrize("show", [False, True])
def test_every_item_comes_and_the_bar_keeps_off_standard_output(
    show: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(track(range(3), "rooms", show)) == [0, 1, 2]
    out, err = capsys.readouterr()
    assert out == ""
    assert bool(err) == show
