"""`otus build`: a board's bitstream, with its speed and its use of the part."""

import json
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.status import Status

from ..arch.errors import ContractError
from ..boards import BoardError, find
from ..boards.build import TimingError, build
from ..boards.timing import FitError
from .report import CommandError


def main(
    board: str,
    geometry: str | None,
    clock_hz: int | None,
    seeds: int,
    tools: str,
    jobs: int,
    limit: int,
    output: Path,
    as_json: bool,
) -> None:
    """Build, and print the report; exit with 1 where timing is not met.

    As JSON, what fails is printed too, with what there is of a report.

    Parameters
        limit : minutes that a program may take
    """
    console = Console(stderr=True, highlight=False, quiet=as_json)
    begin = time.monotonic()
    status: AbstractContextManager[Status | None] = (
        console.status("") if console.is_terminal else nullcontext()
    )
    with status as spinner:

        def tell(text: str) -> None:
            console.print(f"[dim]{time.monotonic() - begin:6.0f} s[/dim]  {text}")
            if spinner:
                spinner.update(text)

        try:
            report = build(
                find(board),
                geometry,
                clock_hz=clock_hz,
                seeds=range(1, seeds + 1),
                tools=tools,
                jobs=jobs,
                limit=60.0 * limit,
                output=output,
                tell=tell,
            )
            error = ""
        except TimingError as missed:
            report, error = {**missed.report, "error": str(missed)}, str(missed)
        except (BoardError, ContractError, OSError) as failed:
            if as_json:
                click.echo(json.dumps(_failure(board, geometry, failed), indent=2))
            raise
        except KeyboardInterrupt:
            raise CommandError(
                "interrupted; steps that are done are kept, and the same command goes on from there"
            ) from None
    click.echo(json.dumps(report, indent=2) if as_json else text_of(report))
    if error:
        click.echo(f"otus: {error}", err=True)
        sys.exit(1)


def _failure(board: str, geometry: str | None, error: Exception) -> dict[str, Any]:
    """Say for machines what failed."""
    use = error.use if isinstance(error, FitError) else {}
    return {
        "board": board,
        "geometry": geometry,
        "error": str(error),
        "resources": {name: asdict(each) for name, each in use.items()},
    }


def text_of(report: dict[str, Any]) -> str:
    """Write a report for people."""
    speed = report["fmax_mhz"]
    ended = sum(seed["fmax_mhz"] is not None for seed in report["seeds"])
    lines = [
        f"{report['board']}: {report['array']} ({report['macs_per_cycle']} MACs a cycle) on "
        f"{report['device']}, build {report['build']}",
        f"clock      {report['clock_mhz']:g} MHz asked; Fmax {speed['median']} MHz median of "
        f"{ended} seed{'s' * (ended > 1)} ({speed['worst']} to {speed['best']})",
    ]
    lines += [_seed(seed) for seed in report["seeds"]]
    lines.append("resources")
    lines += [
        f"  {name:11} {use['used']:6} of {use['available']:6}  "
        f"{use['used'] / max(1, use['available']):4.0%}"
        for name, use in report["resources"].items()
    ]
    lines += [
        f"  {kind:14} {count['netlist']:3} in the netlist, {count['instanced']:3} instanced"
        for kind, count in report["cells"].items()
    ]
    lines.append("critical path, ns in logic and on wires")
    lines += [
        f"  {hop['logic_ns']:6.2f} {hop['routing_ns']:6.2f}  {hop['name']}"
        for hop in report["critical_path"]
    ]
    lines.append("tools      " + "; ".join(f"{k}: {v}" for k, v in report["tools"].items()))
    bitstream = report["bitstream"]
    if bitstream:
        lines.append(f"bitstream  {bitstream['path']} ({bitstream['bytes']:,} bytes)")
        lines.append(f"  SHA-256  {bitstream['sha256']}")
    lines.append(f"took {report['seconds']:.0f} s{_steps(report)}")
    return "\n".join(lines)


def _steps(report: dict[str, Any]) -> str:
    """Say how long the steps took when they were run, which need not be now."""
    synthesis, placed = report["synthesis_seconds"], [s["seconds"] for s in report["seeds"]]
    known = f"synthesis {synthesis:.0f} s, " if synthesis is not None else ""
    return f"; steps when they were run: {known}place and route {sum(placed):.0f} s"


def _seed(row: dict[str, Any]) -> str:
    if row["fmax_mhz"] is None:
        return f"  seed {row['seed']:<3} {row['failure']}"
    verdict = "met" if row["met"] else "MISSED"
    router = f", {row['router']}" if "router" in row else ""
    took = f"{row['seconds']:.0f} s{router}"
    return f"  seed {row['seed']:<3} {row['fmax_mhz']:7.2f} MHz  {verdict}  {took}"
