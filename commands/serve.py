"""`otus serve`: the simulated board as a serial port."""

import signal
import threading

import click

from ..driver.link import open_link
from ..sim.serve import Port, PseudoTerminal, TcpPort, serve
from .report import geometry_of


def main(geometry: str | None, tcp: int | None) -> None:
    """Serve until interrupted."""
    shape = geometry_of(geometry)
    port: Port = PseudoTerminal() if tcp is None else TcpPort(tcp)
    try:
        link = open_link("sim", shape)
    except BaseException:
        port.close()
        raise
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"serving a simulated {shape.name} board; use it with --device {port.name}")
    click.echo("Ctrl-C ends it.", err=True)
    serve(link, port, stop)
