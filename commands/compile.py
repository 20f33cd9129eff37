"""`otus compile`: what a model becomes."""

from collections.abc import Sequence
from typing import Any

from .. import models
from ..arch.memory import depth
from ..driver.compiler import Oracle, Program
from ..driver.plan import HostPart, Plan, compile_graph
from ..driver.traffic import traffic
from .report import geometry_of, show


def main(model: str, geometry: str | None, oracle: Oracle, as_json: bool) -> None:
    """Compile and print the listing."""
    plan = compile_graph(models.find(model), geometry_of(geometry), oracle)
    show(as_json, described(plan), plan.listing)


def described(plan: Plan) -> dict[str, Any]:
    """Collect what runs where, and the figures of each program."""
    programs = plan.programs
    return {
        "geometry": plan.geometry.name,
        "oracle": plan.oracle,
        "operators": [
            {"operator": plan.graph.where(operator), "runs": where}
            for operator, where in plan.places()
        ],
        "refused": [p.why for p in plan.parts if isinstance(p, HostPart) and p.why],
        "resident": plan.resident,
        "macs": sum(program.macs for program in programs),
        "macs_performed": sum(program.performed for program in programs),
        "cycles_predicted": sum(program.prediction.total for program in programs),
        "link": link(programs),
        "programs": [summary(program) for program in programs],
    }


def summary(program: Program) -> dict[str, Any]:
    """Collect a program's figures."""
    prediction, macs_per_cycle = program.prediction, program.geometry.macs_per_cycle
    return {
        "macs": program.macs,
        "macs_performed": program.performed,
        "cycles_predicted": prediction.total,
        "utilisation_predicted": program.performed / (prediction.total * macs_per_cycle),
        "counters_predicted": prediction.counters(),
        "layers": [
            {
                "operator": layer.where,
                "in": str(layer.source),
                "out": str(layer.result),
                "tiles": -(-layer.result.channels // program.geometry.columns),
                "cycles": cycles,
            }
            for layer, cycles in zip(program.layers, program.layer_cycles, strict=True)
        ],
        "steps": len(program.steps),
        "memories": {
            space.name.lower(): {"words": extent.words, "of": depth(space, program.geometry)}
            for space, extent in program.extents.items()
        },
    }


def link(programs: Sequence[Program]) -> dict[str, Any]:
    """Count what the first inference moves, and each one after it."""
    if not programs:
        return {}
    return {
        "first": traffic(*programs, inferences=1)._asdict(),
        "each": traffic(*programs)._asdict(),
    }
