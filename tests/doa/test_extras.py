import pytest

from otus.doa.extras import MissingExtraError, require


def test_an_installed_package_is_imported() -> None:
    assert require("numpy", "doa").__name__ == "numpy"


def test_a_missing_package_names_the_extra() -> None:
    with pytest.raises(MissingExtraError, match=r'no_such_package.*pip install "otus\[train\]"'):
        require("no_such_package", "train")
