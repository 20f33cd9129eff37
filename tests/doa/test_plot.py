from pathlib import Path

import pytest

from otus.doa.errors import RecordingError
from otus.doa.locate import Direction, Located, Segment
from otus.doa.plot import plot

RESULTS = [
    Located(0.1 * k, "heard", (Direction(36.0 * k % 360, None, 0.5),))
    if k % 5
    else Located(0.1 * k, "silent")
    for k in range(20)
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
    with pytest.raises(RecordingError, match="no frame has an azimuth"):
        plot(RESULTS[:1], tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_every_direction_of_a_frame_is_in_the_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra 'doa' is not installed")
    one, two = Direction(10.0, None, 0.9), Direction(200.0, 30.0, 0.5)
    plot([Located(0.1, "heard", (one,))], tmp_path / "a.png")
    plot([Located(0.1, "heard", (one, two))], tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    with pytest.raises(RecordingError, match="no frame has an azimuth"):
        plot([Located(0.1, "heard", (Direction(None, 30.0, 0.9),))], tmp_path / "c.png")
