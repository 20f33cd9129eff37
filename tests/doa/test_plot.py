from pathlib import Path

import pytest

from otus.doa.errors import RecordingError
from otus.doa.locate import Located, Segment
from otus.doa.plot import plot

RESULTS = [
    Located(0.1 * k, k % 5 != 0, 36.0 * k % 360 if k % 5 else None, None, 0.5) for k in range(20)
]


@pytest.mark.parametrize("truth", [(), (Segment(0.5, 1.0, 358.0, 20.0),)])
def test_a_picture_is_written(tmp_path: Path, truth: tuple[Segment, ...]) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'doa' is not installed")
    path = tmp_path / "a.png"
    plot(RESULTS, path, truth=truth, title="Test")
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 20_000


def test_the_truth_is_in_the_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'doa' is not installed")
    plot(RESULTS, tmp_path / "a.png")
    plot(RESULTS, tmp_path / "b.png", truth=(Segment(0.5, 1.0, 100.0, 20.0),))
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_nothing_to_plot_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no frame has a direction"):
        plot(RESULTS[:1], tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
