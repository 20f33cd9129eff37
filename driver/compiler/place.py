"""The linker: several compiled models on one device."""

from collections.abc import Sequence
from dataclasses import replace

from ...arch.geometry import Geometry
from ...arch.memory import Space, depth
from .errors import ModelError
from .lower import check_room
from .program import Extent, Program
from .stream import room, schedule
from .verify import verify_program

#: Memories whose contents outlive a run.
_KEPT = (Space.WEIGHT, Space.PARAMETER, Space.PROGRAM)


def place(programs: Sequence[Program]) -> tuple[Program, ...]:
    """Place programs one after the other in every memory.

    Parameters
        programs : compiled for one geometry
    Returns
        the programs, moved to where they do not touch each other
    Raises
        ModelError: another geometry
        RoomError: a memory that is too small for all of them
    """
    if not programs:
        return ()
    geometry = _geometry(programs)
    need = {space: sum(p.extents[space].words for p in programs) for space in Space}
    check_room(need, geometry, f"the set of {len(programs)} models")
    base = dict.fromkeys(Space, 0)
    placed = []
    for program in programs:
        placed.append(program.moved(base))
        base = {space: placed[-1].extents[space].end for space in Space}
    return _verified(placed)


def place_in_turn(programs: Sequence[Program]) -> tuple[Program, ...]:
    """Place programs of which each one's results are read before the next one starts.

    They share the activation buffer. In each other memory they lie side by side, the smallest
    first, as far as there is room; the others end where the memory ends, over what is there, so
    that only what they overlap is sent again. Streamed programs share what is left, and keep there
    what fits (`stream`).

    Parameters
        programs : compiled for one geometry, each of which fits or is streamed
    Raises
        ModelError: another geometry
    """
    if not programs:
        return ()
    geometry = _geometry(programs)
    whole = [i for i, program in enumerate(programs) if not program.steps]
    models = [program.layers for program in programs if program.steps]
    words = {space: [p.extents[space].words for p in programs] for space in _KEPT}
    most = room(models, geometry, {space: sum(words[space][i] for i in whole) for space in _KEPT})
    bases = [dict.fromkeys(Space, 0) for _ in programs]
    taken = dict.fromkeys(Space, 0)
    for space in _KEPT:
        for i in sorted(whole, key=words[space].__getitem__):
            fits = taken[space] + words[space][i] <= most[space]
            bases[i][space] = taken[space] if fits else depth(space, geometry) - words[space][i]
            taken[space] += words[space][i] * fits
    left = {s: Extent(taken[s], depth(s, geometry) - taken[s]) for s in Space}
    steps = iter(schedule(models, geometry, taken))
    return _verified(
        [
            replace(program, extents=left, steps=next(steps))
            if program.steps
            else program.moved(base)
            for program, base in zip(programs, bases, strict=True)
        ]
    )


def _geometry(programs: Sequence[Program]) -> Geometry:
    """Check that there is one geometry."""
    geometry = programs[0].geometry
    for program in programs:
        if program.geometry != geometry:
            raise ModelError(
                f"placing programs together: geometry {program.geometry} differs from {geometry}; "
                "compile all models for the same geometry"
            )
    return geometry


def _verified(programs: Sequence[Program]) -> tuple[Program, ...]:
    for program in programs:
        verify_program(program)
    return tuple(programs)
