"""The commands' options agree with what they call."""

import inspect

import click
import pytest

from otus.commands import dataset, evaluate, learning, quantise, train
from otus.commands import models as listing
from otus.doa.angles import TASKS

from .conftest import otus

MODULES = {
    "dataset": dataset,
    "train": train,
    "quantise": quantise,
    "evaluate": evaluate,
    "models": listing,
}


def test_the_tasks_are_those_of_the_package() -> None:
    assert tuple(TASKS) == learning.TASKS


@pytest.mark.parametrize("command", learning.COMMANDS, ids=lambda c: c.name)
def test_options_are_the_parameters_of_the_module(command: click.Command) -> None:
    taken = set(inspect.signature(MODULES[str(command.name)].main).parameters)
    assert {p.name for p in command.params} == taken


@pytest.mark.parametrize("command", learning.COMMANDS, ids=lambda c: c.name)
def test_help_shows_every_command(command: click.Command) -> None:
    result = otus(command.name, "--help")
    assert result.exit_code == 0
    if command.name != "models":
        assert f"otus {command.name} " in result.output.split("Options:")[0]
