from pathlib import Path

import pytest

from otus.doa.errors import DatasetError
from otus.doa.files import whole


def test_a_file_is_there_once_it_is_written(tmp_path: Path) -> None:
    with whole(tmp_path / "a") as part:
        part.write_text("new")
        assert part.parent == tmp_path
        assert not (tmp_path / "a").exists()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a", "new")]


def write(path: Path, text: str) -> None:
    with whole(path) as part:
        if path.name == "full":
            part.symlink_to("/dev/full")
        part.write_text(text, encoding="ascii")


def test_what_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    write(tmp_path / "a", "old")
    with pytest.raises(UnicodeEncodeError):
        write(tmp_path / "a", "new é")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a", "old")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"/full: cannot be written \(No space left on device\)"):
        write(tmp_path / "full", "much")
    assert not list(tmp_path.iterdir())
