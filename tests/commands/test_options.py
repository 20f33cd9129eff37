"""Options that commands share."""

import click
import pytest

from otus.commands.options import call, common


def test_shared_options_come_in_the_order_given() -> None:
    @click.command()
    @common("geometry", "oracle", "json")
    def command(**_: object) -> None:
        """Do nothing."""

    assert [p.name for p in command.params] == ["geometry", "oracle", "as_json"]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ModuleNotFoundError("no", name="soundfile")

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(click.ClickException, match="locate needs the package soundfile"):
        call("locate")


def test_a_missing_module_of_ours_is_a_defect_not_a_missing_package() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"otus\.commands\.nothing"):
        call("nothing")
