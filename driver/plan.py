"""A model of any operators: parts for the accelerator, and operators for the host.

Every operator that the accelerator can compute bit for bit goes there, in chains as long as
possible; the others run on the host (`driver.host`), in between.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..arch.geometry import Geometry
from ..arch.memory import Space, depth
from .compiler import (
    ORACLES,
    ModelError,
    Oracle,
    Program,
    compile_chain,
    load_model,
    place_in_turn,
)
from .compiler.graph import NUMPY, Graph, Operator, Tensor
from .compiler.listing import link, listing
from .compiler.normalise import ACCEPTED, TAILS
from .compiler.shapes import fold_shapes
from .host import Kernel, prepare


@dataclass(frozen=True, eq=False)
class AcceleratorPart:
    """A chain of operators that the accelerator computes.

    Parameters
        source, result : tensors that it reads and writes
        operators : what it stands for; a softmax or logistic at the end runs on the host
    """

    program: Program
    source: int
    result: int
    operators: tuple[Operator, ...]


@dataclass(frozen=True, eq=False)
class HostPart:
    """One operator that the host computes.

    Parameters
        why : what keeps it from the accelerator, where the accelerator has this kind
    """

    operator: Operator
    kernel: Kernel
    why: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """A model for one geometry.

    Parameters
        graph : its tensors, inputs, outputs and signatures
        parts : in an order in which they can run
    """

    graph: Graph
    geometry: Geometry
    oracle: Oracle
    parts: tuple[AcceleratorPart | HostPart, ...]

    @property
    def inputs(self) -> list[Tensor]:
        """Tensors that the caller gives."""
        return [self.graph.tensors[i] for i in self.graph.inputs]

    @property
    def outputs(self) -> list[Tensor]:
        """Tensors that the caller gets."""
        return [self.graph.tensors[i] for i in self.graph.outputs]

    @property
    def programs(self) -> tuple[Program, ...]:
        """What is loaded onto the accelerator."""
        return tuple(p.program for p in self.parts if isinstance(p, AcceleratorPart))

    @property
    def resident(self) -> bool:
        """Whether all programs stay on the accelerator together."""
        programs, memories = self.programs, set(Space) - {Space.ACTIVATION}
        used = {space: sum(p.extents[space].words for p in programs) for space in memories}
        fit = all(words <= depth(space, self.geometry) for space, words in used.items())
        return fit and not any(p.steps for p in programs)

    def places(self) -> Iterator[tuple[Operator, str]]:
        """Say of each operator where it runs: `accelerator 0`, ..., or `host`."""
        count = 0
        for part in self.parts:
            if isinstance(part, HostPart):
                yield part.operator, "host"
                continue
            for operator in part.operators:
                yield operator, "host" if operator.kind in TAILS else f"accelerator {count}"
            count += 1

    def listing(self) -> str:
        """Print where each operator runs, then each program."""
        lines = [_tensors("input", self.inputs), _tensors("output", self.outputs), ""]
        lines.append("runs on        operator")
        lines += [f"{where:<13}  {self.graph.where(op)}" for op, where in self.places()]
        reasons = [p.why for p in self.parts if isinstance(p, HostPart) and p.why]
        lines += ["", "on the host, since the accelerator refuses:", *reasons] if reasons else []
        programs = self.programs
        if not self.resident and len(programs) > 1:
            lines += ["", "accelerator parts do not fit together: what does not stay is sent again"]
        if len(programs) > 1:
            lines += ["", link(programs)]
        for i, program in enumerate(programs):
            lines += ["", f"accelerator {i}", listing(program, alone=len(programs) == 1).rstrip()]
        return "\n".join(lines) + "\n"


def _tensors(role: str, tensors: Sequence[Tensor]) -> str:
    described = (f"{'x'.join(map(str, t.shape))} {t.dtype.lower()} '{t.name}'" for t in tensors)
    return f"{role:<7} {', '.join(described)}"


def compile_graph(
    source: Path | str | bytes,
    geometry: Geometry,
    oracle: Oracle = "tflm",
    *,
    every_tensor: bool = False,
) -> Plan:
    """Compile a model of any operators.

    Parameters
        source : a .tflite file, or its bytes
        oracle : the runtime whose results are reproduced bit for bit
        every_tensor : give each operator a part of its own, so that no tensor stays on the
            accelerator
    Raises
        ModelError: a file that cannot be read, or a model that is damaged, or an operator that
            neither the accelerator nor the host can compute
    """
    if oracle not in ORACLES:
        raise ModelError(f"oracle: got {oracle!r}, allowed is one of {', '.join(ORACLES)}")
    graph = fold_shapes(load_model(source))
    for role, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for index in indices:
            _check_end(role, graph.tensors[index])
    readers = Counter(graph.outputs)
    for operator in graph.operators:
        readers.update(operator.inputs)
    parts: list[AcceleratorPart | HostPart] = []
    taken: set[int] = set()
    for operator in graph.operators:
        if operator.index in taken:
            continue
        chain = _chain(graph, operator, readers)
        part = _longest(graph, chain[:1] if every_tensor else chain, geometry, oracle)
        if isinstance(part, str):
            parts.append(HostPart(operator, prepare(graph, operator, oracle), part))
            continue
        taken.update(each.index for each in part.operators)
        parts.append(part)
    placed = iter(place_in_turn([p.program for p in parts if isinstance(p, AcceleratorPart)]))
    return Plan(
        graph,
        geometry,
        oracle,
        tuple(
            replace(p, program=next(placed)) if isinstance(p, AcceleratorPart) else p for p in parts
        ),
    )


def _check_end(role: str, tensor: Tensor) -> None:
    """Refuse inputs and outputs that no array can hold."""
    if tensor.dtype not in NUMPY:
        raise ModelError(
            f"the model's {role} '{tensor.name}' is {tensor.dtype}, allowed is one of "
            f"{', '.join(NUMPY)}; convert the model with another type"
        )
    if any(n < 1 for n in (*tensor.shape, *tensor.signature[1:])):
        raise ModelError(
            f"the model's {role} '{tensor.name}' has the dynamic or empty shape "
            f"{list(tensor.signature)}, allowed are fixed sizes; convert with a fixed input shape"
        )


def _chain(graph: Graph, first: Operator, readers: Counter[int]) -> list[Operator]:
    """Follow an operator to those that read its result, and no other, as far as kinds allow."""
    chain: list[Operator] = []
    following: Operator | None = first
    while following is not None and following.kind in ACCEPTED:
        chain.append(following)
        result = following.outputs[0] if len(following.outputs) == 1 else -1
        after = [o for o in graph.operators if result in o.inputs]
        alone = result >= 0 and readers[result] == 1 and len(after) == 1
        following = after[0] if alone and len(_read(graph, after[0])) == 1 else None
    return chain


def _read(graph: Graph, operator: Operator) -> list[int]:
    """List the tensors an operator reads that are not constant."""
    return [i for i in operator.inputs if i >= 0 and graph.tensors[i].data is None]


def _longest(
    graph: Graph, chain: Sequence[Operator], geometry: Geometry, oracle: Oracle
) -> AcceleratorPart | str:
    """Compile as much of a chain as the accelerator computes exactly, or say why it is nothing."""
    why = ""
    for length in range(len(chain), 0, -1):
        operators = tuple(chain[:length])
        read = _read(graph, operators[0])
        if len(read) != 1:
            return why
        part = replace(graph, operators=operators, inputs=(read[0],), outputs=operators[-1].outputs)
        try:
            program = compile_chain(part, geometry, oracle)
        except ModelError as error:
            why = str(error)
            continue
        return AcceleratorPart(program, read[0], operators[-1].outputs[0], operators)
    return why
