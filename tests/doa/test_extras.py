import os
from pathlib import Path

import pytest

from otus.doa.extras import MissingExtraError, require, silenced


def test_an_installed_package_is_imported() -> None:
    assert require("numpy", "doa").__name__ == "numpy"


def test_a_missing_package_names_the_extra() -> None:
    with pytest.raises(MissingExtraError, match=r'no_such_package.*pip install "otus\[train\]"'):
        require("no_such_package", "train")


def test_what_a_library_says_when_it_is_loaded_stays_off_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loud_library.py").write_text("import os\nos.write(2, b'WARNING: hello')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("otus.doa.extras.NOISY", ("loud_library",))
    require("loud_library", "train")
    print("after")
    assert capfd.readouterr() == ("after\n", "")
    with silenced() as log:
        os.write(1, b"said")
        log.seek(0)
        assert log.read() == b"said"
