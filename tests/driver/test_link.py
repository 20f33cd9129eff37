"""Devices by name."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

from otus.arch.geometry import Geometry
from otus.driver.errors import DriverError, LinkError
from otus.driver.link import GROUP, open_link
from otus.sim.golden_link import GoldenLink

ENTRIES = [
    EntryPoint("golden", "otus.sim.golden_link:open_device", GROUP),
    EntryPoint("serial", "otus.driver.serial_link:open_device", GROUP),
    EntryPoint("socket", "otus.driver.serial_link:open_device", GROUP),
    EntryPoint("sim", "otus.no_such_module:open_device", GROUP),
]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the backends as the installed package does, but for a simulator that is missing."""
    entries = EntryPoints(ENTRIES)
    monkeypatch.setattr("otus.driver.link.entry_points", lambda group: entries.select(group=group))


def test_golden_with_its_geometry() -> None:
    link = open_link("golden", Geometry.parse("4x4"))
    assert isinstance(link, GoldenLink)
    assert link.endpoint.identity.geometry == Geometry.parse("4x4")


@pytest.mark.parametrize(
    ("device", "message"),
    [
        (
            "goldne",
            "device 'goldne' is not known; did you mean 'golden'\\? allowed are golden, sim",
        ),
        ("x", "device 'x' is not known; allowed are golden, sim, a serial port such as"),
        ("sim", "'sim': its module otus.no_such_module cannot be .*pip install 'otus\\[sim\\]'"),
        ("/dev/no-such-port", "/dev/no-such-port: cannot be opened .*check that the board is"),
        ("COM999@115200", "COM999: cannot be opened"),
        ("/dev/x@fast", "/dev/x@fast: baud rate: got 'fast', expected a number"),
        ("socket://nowhere", "socket://nowhere: expected socket://HOST:PORT"),
        ("socket://127.0.0.1:1", "socket://127.0.0.1:1: cannot be reached .*otus serve"),
    ],
)
def test_errors_say_what_to_do(device: str, message: str) -> None:
    with pytest.raises(LinkError, match=message) as caught:
        open_link(device)
    assert isinstance(caught.value, DriverError)


def test_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "otus.driver.link.entry_points", lambda group: EntryPoints().select(group=group)
    )
    with pytest.raises(LinkError, match="no backend is registered"):
        open_link("sim")
